import DaybookModel
package import DaybookSchema
import SwiftProtobuf

extension DaybookError {
  /// As it stands in an error frame. The cause stays here: it may say more than a stranger should
  /// know.
  package var errorReply: Daybook_V1_ErrorReply {
    .with {
      $0.code = code.number
      $0.name = code.name
      $0.temporary = code.isTemporary
      $0.message = clientMessage
      $0.retryAfterMs = retryAfter.map { UInt32(clamping: $0.inMilliseconds) } ?? 0
      $0.nextNumber = nextNumber
    }
  }

  /// One line that is safe to show, whatever the error says: what a client sent is repeated in
  /// parts of errors, and its terminal or log is not to obey it; and where the server keeps its
  /// files is no client's matter.
  package var clientMessage: String {
    let isOfServer = code.number >= ErrorCode.storageFull.number
    guard isOfServer, ServerPath.isNamed(in: message) else {
      return PrintableText.line(message, bytesMax: Limits.errorMessageBytesMax)
    }
    return code.isTemporary
      ? "the server can't do this at present: try again in a while"
      : "the server can't do this: whoever runs it finds the reason with 'daybook log verify'"
  }

  /// What the other side said. A code that this version doesn't know keeps its number and name.
  package init(_ reply: Daybook_V1_ErrorReply) {
    self.init(
      ErrorCode(
        reply.code, PrintableText.line(reply.name, bytesMax: Limits.idBytesMax),
        temporary: reply.temporary),
      PrintableText.line(reply.message, bytesMax: Limits.errorMessageBytesMax),
      // What is final is not tried again, whatever else it says.
      retryAfter: reply.temporary && reply.retryAfterMs > 0
        ? .milliseconds(Int64(reply.retryAfterMs)) : nil,
      nextNumber: reply.nextNumber)
  }
}

/// Tells files of the server from streams, whose names have a slash too.
private enum ServerPath {
  static func isNamed(in text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.indices.contains { at in
      bytes[at] == UInt8(ascii: "/") && !isInStreamName(at, bytes)
    }
  }

  /// `user/` or `group/`, as a word of its own.
  private static func isInStreamName(_ slash: Int, _ bytes: [UInt8]) -> Bool {
    ["user", "group"].contains { kind in
      let start = slash - kind.utf8.count
      guard start >= 0, bytes[start..<slash].elementsEqual(kind.utf8) else { return false }
      return start == 0 || [UInt8(ascii: " "), UInt8(ascii: "'")].contains(bytes[start - 1])
    }
  }
}
