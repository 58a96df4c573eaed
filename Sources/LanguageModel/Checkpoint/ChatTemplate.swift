/// The Jinja template that makes transformers render conversations as `ConversationRenderer` does.
enum ChatTemplate {
  /// One line, so that it does not depend on the reader's treatment of line ends.
  static let jinja =
    bos + "{%- set ns = namespace(prefix='') -%}{%- for message in messages -%}" + system + user
    + assistant + "{%- else -%}{{- raise_exception('Unknown role: ' + message['role']) -}}"
    + "{%- endif -%}{%- endfor -%}"
    + "{%- if add_generation_prompt -%}{{- '<|assistant_start|>' -}}{%- endif -%}"

  private static let bos = "{{- '<|bos|>' -}}"

  /// A system message goes in front of the first user's text.
  private static let system =
    "{%- if message['role'] == 'system' -%}"
    + "{%- if not loop.first -%}{{- raise_exception('Only the first message can be of the system')"
    + " -}}{%- endif -%}{%- set ns.prefix = message['content'] + '\\n\\n' -%}"

  private static let user =
    "{%- elif message['role'] == 'user' -%}"
    + "{{- '<|user_start|>' + ns.prefix + message['content'] + '<|user_end|>' -}}"
    + "{%- set ns.prefix = '' -%}"

  private static let assistant =
    "{%- elif message['role'] == 'assistant' -%}{{- '<|assistant_start|>' -}}"
    + "{%- if message['content'] is string -%}{{- message['content'] -}}{%- else -%}"
    + "{%- for part in message['content'] -%}" + parts
    + "{%- endfor -%}{%- endif -%}{{- '<|assistant_end|>' -}}"

  private static let parts =
    "{%- if part['type'] == 'python' -%}"
    + "{{- '<|python_start|>' + part['text'] + '<|python_end|>' -}}"
    + "{%- elif part['type'] == 'python_output' -%}"
    + "{{- '<|output_start|>' + part['text'] + '<|output_end|>' -}}"
    + "{%- else -%}{{- part['text'] -}}{%- endif -%}"
}
