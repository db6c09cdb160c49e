-- The words in a text that holds them one after another, each as `<length>:<word>`.
local function words_in(text)
  local words, at = {}, 1
  while at <= #text do
    local colon = string.find(text, ':', at, true)
    local length = colon and tonumber(string.sub(text, at, colon - 1))
    if not length then return words end
    words[#words + 1] = string.sub(text, colon + 1, colon + length)
    at = colon + length + 1
  end
  return words
end
