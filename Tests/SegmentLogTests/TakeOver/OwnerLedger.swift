import Foundation

/// What an owner was told, in a file beside the log.
final class OwnerLedger: Sendable {
  struct Ack {
    var offset: Int
    var seq: UInt64
  }

  struct Entries {
    var acks: [Ack] = []
    var wasFenced = false
    var refusal: String?
  }

  private let path: String

  init(_ folder: String) { path = folder + ".acks" }

  /// One call writes a line, so that no stop finds half of it.
  func enter(_ line: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    let bytes = Array((line + "\n").utf8)
    precondition(write(file, bytes, bytes.count) == bytes.count, "the ledger can't be written")
    close(file)
  }

  var entries: Entries {
    var entries = Entries()
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      switch words[0] {
      case "acked": entries.acks.append(Ack(offset: Int(words[1])!, seq: UInt64(words[2])!))
      case "fenced": entries.wasFenced = true
      default: entries.refusal = String(words[1])
      }
    }
    return entries
  }
}
