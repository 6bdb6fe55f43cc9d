import DaybookModel
import DaybookSchema
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("errors on the wire")
struct ErrorBodyTests {
  static let paths = [
    "too many files are open (open /var/lib/daybook/log/0/000.log: Too many open files)",
    "./data/projections/history/1/history.sqlite can't be used: disk I/O error",
    "data/log/0/watermark: Permission denied",
    "partition 3 can't be written (write user/log/3/00.log: EIO)",
    "/home/group/x is missing", "/user/x is missing", "is missing: /",
  ]

  @Test("no path of the server goes out, whatever is said of it", arguments: paths)
  func noPath(message: String) {
    for code in ErrorCode.all where code.number >= 500 {
      let reply = DaybookError(code, message).errorReply
      #expect(!reply.message.contains("/") && !reply.message.isEmpty, "\(code)")
      #expect(reply.code == code.number && reply.name == code.name)
    }
  }

  @Test(
    "names of streams go out in errors of the server too",
    arguments: ["user/alice ends at 5", "'group/g' is behind: try user/a", "a batch was refused"])
  func streams(message: String) {
    #expect(DaybookError(.logRolledBack, message).errorReply.message == message)
  }

  @Test("no control character goes out, and no more than a line of bounded length")
  func printable() {
    let message = "'\u{1b}]0;x\u{7}\n\u{85}" + String(repeating: "é", count: 100_000)
    for code in ErrorCode.all {
      let shown = DaybookError(code, message).errorReply.message
      #expect(shown.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
      #expect(shown.utf8.count <= Limits.errorMessageBytesMax + 3)
    }
  }

  @Test("what a server says is shown as carefully as what a client says")
  func otherSide() {
    let reply = Daybook_V1_ErrorReply.with {
      ($0.code, $0.name, $0.message) = (9_999, "odd\u{1b}", "line\nline")
    }
    let error = DaybookError(reply)
    #expect(error.code.number == 9_999 && error.code.name == #"odd\u{1b}"#)
    #expect(error.message == #"line\u{a}line"#)
  }
}
