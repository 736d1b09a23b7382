-- Requests with random tokens, for wrk. The same are sent to every server, the bare one too.
local first, drawn, mode, secret = 100000000000, 0, "", ""

function init(args)
  drawn, mode, secret = tonumber(args[1]), args[2], args[3]
  math.randomseed(tonumber(tostring({}):match("0x(%x+)"), 16))
end

function request()
  local token = string.format("bench%.0f", first + math.random(0, drawn - 1))
  if mode == "verify" then
    return wrk.format("POST", "/v1/verify", {
      ["Authorization"] = "Bearer " .. secret,
      ["Content-Type"] = "application/json",
    }, '{"token":"' .. token .. '","scope":"read"}')
  end
  return wrk.format("GET", "/v1/forward-auth?scope=read", { ["Authorization"] = "Bearer " .. token })
end

function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %.1f %.1f\n", summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(99)))
end
