import DaybookModel
import Foundation

/// How a command says why it failed, in one line on standard error.
enum ErrorReport {
  static func line(_ error: DaybookError, forProgram: Bool) -> String {
    let error = error.pointingAtList
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
  /// Of what there isn't: with the command that lists what there is, in place of the advice that a
  /// server gives to programs.
  fileprivate var pointingAtList: DaybookError {
    let list: String
    switch code {
    case .groupNotFound: list = "group list"
    case .unknownUser: list = "user list"
    case .unknownDevice: list = "user show"
    default: return self
    }
    // The advice stands behind what is the matter; no id has a space in it.
    let ends = [": ", "; "].compactMap { message.firstRange(of: $0)?.lowerBound }
    let what = message[..<(ends.min() ?? message.endIndex)]
    return DaybookError(code, "\(what): 'daybook \(list)' shows what there is", cause: cause)
  }

  /// Code, message, and what led to it where that says more: the path that a system call was about.
  var operatorLine: String { "\(code.name): \(operatorMessage)" }

  var operatorMessage: String {
    let isFoundations = cause.map { type(of: $0) is NSError.Type || $0 is CocoaError } ?? true
    let because = isFoundations ? "" : " (\(cause!))"
    return "\(message)\(because)".split(separator: "\n").joined(separator: " ")
  }
}
