-- A whole number as a word of a command. To pass the number itself costs the server more, and
-- often one text serves for many jobs.
local function text_of(number) return string.format('%.0f', number) end
