-- Names each request's user for the access log by a keyed digest: what users send is never written down.
-- KEY, HEADER and COOKIE stand above, where the proxy's configuration is made. The digest is SHA-256 (FIPS 180-4).
local bit = require("bit")
local band, bnot, bxor, ror, rsh, tobit = bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit

-- The first 32 bits of the fractional part of x, which may be negative or large.
local function fraction(x)
  return tobit(math.floor((x - math.floor(x)) * 4294967296))
end

local ROUND, START = {}, {}
do
  local candidate = 2
  while #ROUND < 64 do
    local prime = true
    for divisor = 2, math.floor(math.sqrt(candidate)) do
      if candidate % divisor == 0 then prime = false end
    end
    if prime then
      if #START < 8 then START[#START + 1] = fraction(math.sqrt(candidate)) end
      ROUND[#ROUND + 1] = fraction(candidate ^ (1 / 3))
    end
    candidate = candidate + 1
  end
end

local function word(text, at)
  local a, b, c, d = text:byte(at, at + 3)
  return tobit(a * 16777216 + b * 65536 + c * 256 + d)
end

local function schedule(text, at)
  local w = {}
  for i = 1, 16 do w[i] = word(text, at + 4 * (i - 1)) end
  for i = 17, 64 do
    local early, late = w[i - 15], w[i - 2]
    local s0 = bxor(ror(early, 7), ror(early, 18), rsh(early, 3))
    local s1 = bxor(ror(late, 17), ror(late, 19), rsh(late, 10))
    w[i] = tobit(w[i - 16] + s0 + w[i - 7] + s1)
  end
  return w
end

local function mix(state, w)
  local a, b, c, d, e, f, g, h = unpack(state)
  for i = 1, 64 do
    local choice = bxor(band(e, f), band(bnot(e), g))
    local first = tobit(h + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + choice + ROUND[i] + w[i])
    local majority = bxor(band(a, b), band(a, c), band(b, c))
    local second = tobit(bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + majority)
    h, g, f, e, d, c, b, a = g, f, e, tobit(d + first), c, b, a, tobit(first + second)
  end
  for i, value in ipairs({ a, b, c, d, e, f, g, h }) do state[i] = tobit(state[i] + value) end
end

local function sha256(text)
  local bits = #text * 8
  local padded = text .. "\128" .. ("\0"):rep((55 - #text) % 64) .. "\0\0\0\0"
  for shift = 24, 0, -8 do padded = padded .. string.char(band(rsh(bits, shift), 255)) end
  local state = { unpack(START) }
  for at = 1, #padded, 64 do mix(state, schedule(padded, at)) end
  local hex = {}
  for i = 1, 8 do hex[i] = bit.tohex(state[i]) end
  return table.concat(hex)
end

local function cookie(headers)
  for pair in (headers:get("cookie") or ""):gmatch("[^;]+") do
    local name, value = pair:match("^%s*([^=%s]+)%s*=%s*(.-)%s*$")
    if name == COOKIE then return value end
  end
end

function envoy_on_request(handle)
  local user = HEADER and handle:headers():get(HEADER) or COOKIE and cookie(handle:headers())
  if user and user ~= "" then
    handle:streamInfo():dynamicMetadata():set("mlops-ci", "user", sha256(KEY .. user):sub(1, 32))
  end
end
