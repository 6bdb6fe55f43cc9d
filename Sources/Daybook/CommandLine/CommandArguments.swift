/// The words of a command line as the parser is to see them.
enum CommandArguments {
  /// A number below zero behind an option is its value, and no option: who writes `--limit -1` is told
  /// what a limit is.
  static func joiningNegatives(_ arguments: [String]) -> [String] {
    var joined: [String] = []
    for argument in arguments {
      let bytes = Array(argument.utf8.prefix(2))
      let isNegative =
        bytes.count == 2 && bytes[0] == UInt8(ascii: "-") && (0x30...0x39).contains(bytes[1])
      if isNegative, let option = joined.last, option.hasPrefix("--"), !option.contains("="),
        option != "--"
      {
        joined[joined.count - 1] = "\(option)=\(argument)"
      } else {
        joined.append(argument)
      }
    }
    return joined
  }

  /// Whether what goes wrong is told to a program.
  static func areForProgram(_ arguments: [String]) -> Bool {
    arguments.prefix { $0 != "--" }.contains("--json")
  }
}
