import CommandLineTool

@main
enum Main {
  static func main() {
    Tool.start()
  }
}
