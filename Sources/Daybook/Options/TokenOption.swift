import ArgumentParser
import DaybookModel
import Glibc

/// As whom to connect. A command line can be read by everybody on the machine: a file and the
/// environment can't.
struct TokenOption: ParsableArguments {
  @Option(
    help: """
      A token, as 'daybook token' makes one; '-' reads it from standard input. Everybody on this \
      machine can read it in the list of processes: --token-file and DAYBOOK_TOKEN keep it from them.
      """)
  var token: String?

  @Option(
    help: "The file with the token in its first line; '-' is standard input.",
    completion: .file())
  var tokenFile: String?

  /// What a token takes, several times over.
  private static let bytesMax = 8_192

  func validate() throws {
    guard token == nil || tokenFile == nil else {
      throw ValidationError("give --token or --token-file, not both")
    }
  }

  var isGiven: Bool { token != nil || tokenFile != nil }

  /// Throws `invalid_argument` where there is none.
  func text() throws(DaybookError) -> String {
    let text =
      if token == "-" || tokenFile == "-" {
        TokenOption.line(of: STDIN_FILENO)
      } else if let tokenFile {
        try TokenOption.line(of: tokenFile)
      } else {
        token ?? Setting.token.fromEnvironment
      }
    let trimmed = text?.split(whereSeparator: \.isWhitespace)
    guard let trimmed, let first = trimmed.first, trimmed.count == 1 else {
      throw DaybookError(
        .invalidArgument,
        trimmed == nil
          ? "say as whom: --token, --token-file or \(Setting.token.rawValue); 'daybook token' makes one"
          : "a token is one word: \(tokenFile.map { "look into \($0)" } ?? "look at what was given")"
      )
    }
    return String(first)
  }

  private static func line(of path: String) throws(DaybookError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw DaybookError(
        .invalidArgument, "can't read --token-file \(path): \(String(cString: strerror(errno)))")
    }
    defer { close(file) }
    return line(of: file)
  }

  /// Byte by byte, for what follows on standard input is the command's own.
  private static func line(of file: Int32) -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while bytes.count < bytesMax, read(file, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
