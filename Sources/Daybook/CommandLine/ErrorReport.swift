import DaybookModel
import Foundation

/// How a command says why it failed, in one line on standard error.
enum ErrorReport {
  static func line(_ error: DaybookError, forProgram: Bool) -> String {
    guard forProgram else { return "daybook: \(Terminal.safe(error.operatorLine))" }
    var line = JSONLine()
    line.set("error", error.code.name)
    line.set("code", error.code.number)
    line.set("temporary", error.code.isTemporary)
    line.set("message", error.operatorMessage)
    return line.text
  }
}

extension DaybookError {
  /// Code, message, and what led to it where that says more: the path that a system call was about.
  var operatorLine: String { "\(code.name): \(operatorMessage)" }

  var operatorMessage: String {
    let isFoundations = cause.map { type(of: $0) is NSError.Type || $0 is CocoaError } ?? true
    let because = isFoundations ? "" : " (\(cause!))"
    return "\(message)\(because)".split(separator: "\n").joined(separator: " ")
  }
}
