"""The process file that `sluice init` writes: complete, commented, and valid as it stands."""

STARTER = """\
# How {name} is released. Check it with `sluice validate`; `sluice schema` gives editors its JSON Schema.

service:
  name: {name}
  # How one instance of a version is started. {{port}} and {{version}} are filled in for each instance.
  command: ["python3", "-m", "http.server", "{{port}}", "--bind", "127.0.0.1"]
  # Where it is started, relative to this file.
  cwd: .
  # An instance is ready when this path answers 2xx.
  health: {{path: /, interval: 1s, within: 30s}}
  instances: 1

# Where users come in. The proxy listens here and spreads them over the versions.
ingress:
  name: {name}
  listen: 127.0.0.1:8080

rollout:
  # canary: some users first. blue-green: the new version is checked aside, then everyone is moved.
  strategy: canary
  stages:
    - name: few
      weight: 5%
      duration: 5m
      # What must hold for the stage to pass, on the new version's figures. `baseline.` is the old version's.
      criteria: ["error_rate < 1%"]
    - name: half
      weight: 50%
      duration: 10m
      criteria: ["error_rate < 1%"]
    - name: everyone
      weight: 100%
      duration: 10m
      criteria: ["error_rate < 1%"]

  # What takes everyone back when it holds for this long. Actions: immediate, gradual, emergency, pause, ask.
  triggers:
    - name: errors
      when: "error_rate > 5%"
      for: 10s
      action: immediate
    - name: crashes
      when: "crashes >= 3"
      action: emergency

  # Compares errors and slow requests of both versions statistically, beside the triggers. Stages then wait
  # until both had enough requests. A regression takes everyone back; before the service has a history of its
  # own, a person is asked instead.
  # analysis:
  #   metrics: [errors, slow_requests]
  #   on_regression: immediate

  # How long the old version stays ready after everyone has moved, for an instant way back.
  keep_old: 10m
"""
