-- The requests of wrk: 70 % conversation pages, 20 % inbox, 10 % sends, each by a random person.
-- Arguments: the mix ("pages", "floor" or "sends"), then "session:conversation" of each person.

local threads = {}

function setup(thread)
  thread:set("number", #threads + 1)
  table.insert(threads, thread)
end

function init(args)
  mix = args[1]
  people = {}
  for place = 2, #args do
    local session, conversation = args[place]:match("(.+):(%d+)")
    table.insert(people, { session = session, conversation = conversation })
  end
  -- A new seed in each run: a key that was used before sends nothing.
  math.randomseed(os.time() * 100 + number)
end

local function uuid()
  return (string.gsub("xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx", "x", function()
    return string.format("%x", math.random(0, 15))
  end))
end

function request()
  local person = people[math.random(#people)]
  local headers = { Cookie = "sessionid=" .. person.session .. "; csrftoken=" .. TOKEN }
  if mix == "floor" then
    return wrk.format("GET", "/floor/", headers)
  end
  local page = "/c/" .. person.conversation .. "/"
  local drawn = math.random(100)
  if mix == "pages" and drawn <= 70 then
    return wrk.format("GET", page, headers)
  elseif mix == "pages" and drawn <= 90 then
    return wrk.format("GET", "/inbox/", headers)
  end
  headers["Content-Type"] = "application/x-www-form-urlencoded"
  headers["X-CSRFToken"] = TOKEN
  headers["HX-Request"] = "true"
  headers["HX-Current-URL"] = "http://localhost" .. page
  local body = "content=See+you+there.&client_key=" .. uuid()
  return wrk.format("POST", page .. "send/", headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "p50": %.2f, "p99": %.2f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end

TOKEN = string.rep("m", 32)
