-- Asks for somebody else every time: TOKEN comes from the environment, so that it stands in no command line.
local countries = { "CH", "DE", "FR", "GB", "US", "IT", "JP" }
local plans = { "free", "pro", "team" }
local asked = 0

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("TOKEN") or "")

function request()
  asked = asked + 1
  local country, plan = countries[asked % #countries + 1], plans[asked % #plans + 1]
  local body = string.format(
    '{"context":{"targetingKey":"user-%d","country":"%s","plan":"%s","age":%d}}',
    asked, country, plan, asked % 90
  )
  return wrk.format(nil, nil, nil, body)
end
