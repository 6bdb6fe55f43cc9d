import DaybookModel

/// What the command line says, as text.
enum ArgumentText {
  /// An argument that is no UTF-8 would be read as another one: somebody's id with U+FFFD in it, or a
  /// file that is not there. Throws `invalid_argument`, naming the first.
  static func check(
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv,
    count: Int32 = CommandLine.argc
  ) throws(DaybookError) {
    for index in 0..<Int(count) {
      guard let argument = arguments[index], String(validatingCString: argument) == nil else {
        continue
      }
      let shown = PrintableText.quoted(String(cString: argument))
      throw DaybookError(
        .invalidArgument, "argument \(index), \(shown), is no UTF-8: write it in UTF-8")
    }
  }
}
