"""A world without processes, proxies and waiting: what a rehearsal drives the real engine with.

Providers that fit the ports (traffic, deploy, metrics), a clock that is moved, a store that is thrown away.
What happens in that world is told by a `World`: generated (`scenarios`) or read from a file (`recording`).
"""
