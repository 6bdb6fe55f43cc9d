import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import WireProtocol

@testable import Gateway

/// The streams of bob's phone, without a session. Streams are opened when `Syncing` says so; nothing
/// else is connected with it.
final class SyncedStreams {
  static let mailbox = "user/bob"
  private static let bob = UserID(checked: "bob")

  var syncing: Syncing
  var output = SessionOutput()

  init(
    of principal: Principal = .device(bob, DeviceID(checked: "phone")), windowEvents: Int = 4,
    outboundBytesMax: Int = 1 << 20, settings: ConnectionSettings = ConnectionSettings()
  ) {
    syncing = Syncing(
      for: Requester(principal), window: PushWindow.Size(events: windowEvents, bytes: 1 << 20),
      settings: settings)
    output.bytesMax = outboundBytesMax
  }

  /// All groups followed and live, and nothing in any of them.
  convenience init(live groups: [String], windowEvents: Int = 4) throws {
    self.init(windowEvents: windowEvents)
    try follow(groups: groups)
    for group in groups { try opened(group, head: 0) }
    _ = try happened()
  }

  /// Connects: the mailbox is opened, and its owner names these groups.
  func follow(
    groups: [String] = [], cursor: UInt64 = 0, head: UInt64 = 0
  ) throws {
    open(StreamKey(checked: SyncedStreams.mailbox)!)
    syncing.want(groups.map { StreamKey(checked: $0)!.groupID! })
    try opened(SyncedStreams.mailbox, cursor: cursor, head: head)
  }

  func open(_ stream: StreamKey) {
    syncing.open(stream, registration: Seq(3), TokenStamp(issuedAt: .none), &output)
  }

  func openNext() {
    if let next = syncing.nextToOpen(&output) { open(next) }
  }

  func advance() {
    guard syncing.mayAdvance(output) else { return }
    while let next = syncing.advance(&output) { open(next) }
  }

  static func position(
    cursor: UInt64 = 0, head: UInt64, endsAt last: UInt64? = nil, groups: [String] = []
  ) -> StreamPosition {
    StreamPosition(
      cursor: Seq(cursor), head: Seq(head), resumed: true,
      visible: [SeqInterval(first: Seq(1), last: last.map { Seq($0) })],
      groups: groups.map { GroupID(checked: $0) })
  }

  func opened(
    _ stream: String, cursor: UInt64 = 0, head: UInt64, endsAt last: UInt64? = nil
  ) throws {
    let position = SyncedStreams.position(cursor: cursor, head: head, endsAt: last)
    syncing.opened(StreamKey(checked: stream)!, position, &output)
    advance()
  }

  static func event(
    _ stream: String, _ seq: UInt64, _ body: Event.Body? = nil
  ) -> StreamEvent {
    let event = Event(
      stream: StreamKey(checked: stream)!, seq: Seq(seq), recordedAt: .none,
      actor: Actor(user: UserID(checked: "alice")),
      body: body ?? .messageSent(Message(content: ContentCoding.text("x"))))
    return StreamEvent(seq: Seq(seq), messageID: .none, bytes: EventEncoding.encode(event))
  }

  func page(
    _ stream: String, _ seqs: ClosedRange<UInt64>
  ) -> Syncing.PageTaken {
    page(stream, .success(seqs.map { SyncedStreams.event(stream, $0) }))
  }

  func page(
    _ stream: String, _ result: Result<[StreamEvent], DaybookError>
  ) -> Syncing.PageTaken {
    let taken = syncing.pageRead(StreamKey(checked: stream)!, result, &output)
    switch taken {
    case .pushed: advance()
    case .ended: openNext()
    case .dropped, .failed: break
    }
    return taken
  }

  func commit(
    _ stream: String, _ seq: UInt64, _ body: Event.Body? = nil
  ) throws -> Syncing.Committed {
    let bytes = SyncedStreams.event(stream, seq, body).bytes
    let slot = try bytes.withUnsafeReadableBytes { bytes throws(DaybookError) in
      try EventScan.slot(of: bytes, start: 0)
    }
    let committed = syncing.committed(StreamKey(checked: stream)!, slot, bytes, &output)
    if case .fellBehind = committed { advance() }
    if case .pushed(mayOpen: true) = committed { openNext() }
    return committed
  }

  func ack(_ stream: String, _ upTo: UInt64) throws(DaybookError) {
    try syncing.acked(StreamKey(checked: stream)!, Seq(upTo))
    if syncing.isAwaited(StreamKey(checked: stream)!) { advance() }
  }

  func flushed(isFull: Bool) {
    if syncing.flushed(isFull: isFull, &output) { advance() }
  }

  /// What was asked for since, then what was said.
  func happened() throws -> [String] {
    defer { output.actions = [] }
    return output.actions.map { action in
      switch action {
      case .subscribe(let stream): return "subscribe \(stream)"
      case .unsubscribe(let stream): return "unsubscribe \(stream)"
      case .readPage(let stream, let from, let through, _):
        return "read \(stream) \(from)-\(through)"
      case .submit(let command, let purpose):
        switch (command.body, purpose.kind) {
        case (.openCursor(registration: Seq(3), let known, _), .open(command.stream)):
          let from = known == GroupReached() ? "" : " from \(known.cursor), read \(known.read)"
          return "open \(command.stream)\(from)"
        case (.inspect(peer: nil), .resume(command.stream)): return "ask \(command.stream)"
        case (.dropGroup(let group, let last), .note):
          return "drop \(group) at \(last) in \(command.stream)"
        default: return "?"
        }
      default: return "?"
      }
    } + (try said())
  }

  private func said() throws -> [String] {
    var decoder = FrameDecoder()
    for bytes in output.takeBytes() { decoder.append(bytes) }
    var said: [String] = []
    while let frame = try decoder.next() {
      switch frame.type {
      case .event:
        let event = try EventDecoding.decode(frame.body)
        said.append("\(event.stream) \(event.seq)")
      case .following:
        said.append("following \(try Daybook_V1_Following(frameBody: frame.body).stream)")
      case .unfollowed:
        let push = try Daybook_V1_Unfollowed(frameBody: frame.body)
        // What ends without a last seq is never followed to an end.
        said.append("unfollowed \(push.stream)\(push.lastSeq == 0 ? " nowhere" : "")")
      case .awaitingAck:
        said.append("awaiting \(try Daybook_V1_AwaitingAck(frameBody: frame.body).stream)")
      case .notVisible:
        let range = try Daybook_V1_NotVisible(frameBody: frame.body).range
        said.append("not visible \(range.fromSeq)-\(range.toSeq)")
      case .behind:
        let streams = try Daybook_V1_Behind(frameBody: frame.body).streams
        said += streams.map { "behind \($0.stream) \($0.pushedSeq)/\($0.headSeq)" }
      case .caughtUp: said.append("caught up")
      default: said.append("?")
      }
    }
    return said
  }
}
