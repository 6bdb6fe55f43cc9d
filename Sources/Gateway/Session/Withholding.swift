import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import WireProtocol

/// What the settings of a connection leave out of what is pushed: the client wanted none of it, and finds
/// it by a fetch.
struct Withholding {
  private let receipts: Bool
  private let quiet: Bool
  /// Conversations that the user has marked so, as far as is known.
  private var quietOnes: Set<StreamKey> = []
  /// Where what was passed over begins that the client was not told of, by stream.
  private var from: [StreamKey: Seq] = [:]

  init(_ settings: ConnectionSettings) {
    receipts = settings.withholdsReceipts
    quiet = settings.withholdsQuiet
  }

  /// As the mailbox's owner has said.
  mutating func quiet(are conversations: [StreamKey]) {
    if quiet { quietOnes = Set(conversations) }
  }

  mutating func mark(_ conversation: StreamKey, isQuiet: Bool) {
    guard quiet else { return }
    if isQuiet { quietOnes.insert(conversation) } else { quietOnes.remove(conversation) }
  }

  var isIdle: Bool { !receipts && quietOnes.isEmpty }

  /// Of an event that takes a seq.
  func withholds(_ bytes: ByteBuffer, of stream: StreamKey) -> Bool {
    guard !isIdle else { return false }
    if stream.kind == .group { return quietOnes.contains(stream) }
    // Of a kind that this version doesn't know, nothing is known.
    guard let event = try? EventDecoding.decode(bytes, content: .skipped) else { return false }
    switch event.body {
    case .messagesDelivered(let by, _), .messagesRead(let by, _):
      return receipts || quietOnes.contains(.user(by))
    case .messageSent: return isQuiet(event.actor.user)
    case .messageCopied(_, let to, _): return isQuiet(to)
    case .messageTombstone(let tombstone): return isQuiet(tombstone.to ?? event.actor.user)
    case .messageRecalled(let target), .messageEdited(let target, _),
      .reactionAdded(let target, _), .reactionRemoved(let target, _):
      return isQuiet(target.peer)
    default: return false
    }
  }

  mutating func passed(_ seq: Seq, of stream: StreamKey) {
    from[stream] = from[stream] ?? seq
  }

  /// Streams of which something was passed over that the client was not told of.
  var untold: [StreamKey] { from.keys.sorted { $0.text < $1.text } }

  /// Something of the stream comes at `seq`, or nothing does for a while.
  mutating func say(of stream: StreamKey, before seq: Seq, _ output: inout SessionOutput) {
    guard !from.isEmpty, let first = from.removeValue(forKey: stream), first < seq else { return }
    output.write(
      .notVisible,
      Daybook_V1_NotVisible.with {
        $0.stream = stream.text
        $0.range = .with {
          $0.fromSeq = first.rawValue
          $0.toSeq = seq.rawValue - 1
        }
      })
  }

  private func isQuiet(_ peer: UserID?) -> Bool {
    peer.map { quietOnes.contains(.user($0)) } ?? false
  }
}
