import DaybookModel
import DaybookSchema
import Ports
import SwiftProtobuf
import WireProtocol

/// What a session is pushed later than it came about, for want of room: in its streams' windows, or
/// in what waits to be read by its client.
struct PushFlow {
  /// What waits to be read by the client is as much as it may be. Until it has come down nothing is
  /// pushed, and streams stay behind.
  fileprivate(set) var isFull = false
  /// Something waits for that.
  var isOwing = false
  /// The stream of which a page is being read: one at a time, so that a session holds no more.
  fileprivate(set) var reading: StreamKey?
  fileprivate var lastRead: StreamKey?
  /// Streams that were live once and have more than was pushed; the one that was read last is last.
  fileprivate(set) var behind: [StreamKey] = []
  /// Those of them that the client has not heard of.
  fileprivate var untold: [StreamKey] = []

  /// More is there than was pushed, of which the client is told with the next event.
  mutating func fallBehind(_ stream: StreamKey) { behind.append(stream) }

  mutating func pageRead(of stream: StreamKey) {
    (reading, lastRead) = (nil, stream)
    guard let at = behind.firstIndex(of: stream) else { return }
    behind.append(behind.remove(at: at))
  }

  mutating func forget(_ stream: StreamKey) {
    guard !behind.isEmpty else { return }
    behind.removeAll { $0 == stream }
    untold.removeAll { $0 == stream }
  }
}

extension SessionMachine {
  private enum Progress { case waits, live, ended }

  func mayPush(_ output: SessionOutput) -> Bool {
    !flow.isFull && output.byteCount < options.outboundBytesMax
  }

  /// Takes the stream in sync, and those that are behind, as far as they go without an answer or an
  /// ack. One that has just been read lets the others read first.
  mutating func advance(_ output: inout SessionOutput) {
    guard !isClosed else { return }
    guard mayPush(output) else { return flow.isOwing = true }
    let wasSyncing = syncing != nil && flow.lastRead == syncing
    if !wasSyncing { advanceSync(&output) }
    for stream in flow.behind where advance(stream, &output) == .live { flow.forget(stream) }
    if wasSyncing { advanceSync(&output) }
    followNext(&output)
  }

  private mutating func advanceSync(_ output: inout SessionOutput) {
    while let stream = syncing {
      guard advance(stream, &output) == .live else { return }
      syncing = nil
      followNext(&output)
    }
  }

  private mutating func advance(
    _ stream: StreamKey, _ output: inout SessionOutput
  ) -> Progress {
    while let step = following[stream]?.next(mayRead: flow.reading == nil) {
      switch step {
      case .wait: return .waits
      case .notVisible(let first, let last):
        output.write(
          .notVisible,
          Daybook_V1_NotVisible.with {
            $0.stream = stream.text
            $0.range = .with {
              $0.fromSeq = first.rawValue
              $0.toSeq = last.rawValue
            }
          })
      case .read(let from, let through, let bytesMax):
        flow.reading = stream
        output.actions.append(
          .readPage(stream, from: from, through: through, bytesMax: bytesMax))
        return .waits
      case .awaitAck(let upTo):
        output.write(
          .awaitingAck,
          Daybook_V1_AwaitingAck.with {
            $0.stream = stream.text
            $0.upToSeq = upTo.rawValue
          })
        return .waits
      case .live: return .live
      case .ended:
        end(stream, say: true, &output)
        return .ended
      }
    }
    return .ended
  }

  /// An event of a live stream has found no room.
  mutating func fellBehind(_ stream: StreamKey, _ output: inout SessionOutput) {
    flow.behind.append(stream)
    flow.untold.append(stream)
    guard mayPush(output) else { return flow.isOwing = true }
    sayBehind(&output)
    advance(&output)
  }

  /// Of those that still are.
  private mutating func sayBehind(_ output: inout SessionOutput) {
    let heads = flow.untold.compactMap { stream in
      following[stream].map { followed in
        Daybook_V1_StreamHead.with {
          $0.stream = stream.text
          $0.pushedSeq = followed.sent.rawValue
          $0.headSeq = followed.head.rawValue
        }
      }
    }
    flow.untold = []
    guard !heads.isEmpty else { return }
    output.write(.behind, Daybook_V1_Behind.with { $0.streams = heads })
  }

  /// What was said before is on its way, or, while `isFull`, waits to be read by the client.
  mutating func flushed(isFull: Bool, _ output: inout SessionOutput) {
    flow.isFull = isFull
    presence?.flushed(isFull: isFull, &output)
    guard !isFull, flow.isOwing, phase == .open else { return }
    flow.isOwing = false
    sayBehind(&output)
    advance(&output)
  }
}
