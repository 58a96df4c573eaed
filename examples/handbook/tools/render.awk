# Text to HTML: `# ` begins a title, `- ` an item of a list, a blank line ends a paragraph.
function close_block() {
  if (block != "") print "</" block ">"
  block = ""
}
function open_block(name) {
  if (block != name) { close_block(); print "<" name ">"; block = name }
}
{ gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;") }
/^# / { close_block(); print "<h1 id=\"" name "\">" substr($0, 3) "</h1>"; next }
/^- / { open_block("ul"); print "<li>" substr($0, 3) "</li>"; next }
/^$/ { close_block(); next }
{ open_block("p"); print }
END { close_block() }
