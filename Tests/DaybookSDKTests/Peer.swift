import DaybookModel
import DaybookSchema
import FoundationEssentials
import NIOCore
import SwiftProtobuf
import WireProtocol

@testable import DaybookSDK

/// Plays the server to a `SessionCore`, frame by frame.
struct Peer {
  var core: SessionCore

  init(_ connection: ConnectionSettings = ConnectionSettings()) {
    core = SessionCore(
      settings: SessionCore.Settings(
        token: "t", clientName: "test", origin: Origin("origin".utf8)!, firstNumber: 1,
        inFlightMax: 100, connection: connection))
  }

  mutating func connect(logID: String = "log", registration: UInt64 = 1) {
    core.opened()
    let sequence = take().sequences[0]
    let reply = Daybook_V1_ConnectReply.with {
      $0.user = "me"
      $0.device = "phone"
      $0.logID = logID
      $0.registration = registration
      $0.limits.originWindow = 1024
      $0.limits.inFlightMax = 512
    }
    core.receive(
      Frame(
        type: .connect.reply, sequence: sequence, body: ByteBuffer(bytes: reply.wireBytes())))
  }

  mutating func push(_ type: FrameType, _ body: ByteBuffer) {
    core.receive(Frame(type: type, sequence: 0, body: body))
  }

  mutating func following(_ stream: String = "user/me", cursor: UInt64, head: UInt64) {
    let push = Daybook_V1_Following.with {
      $0.stream = stream
      $0.cursor = cursor
      $0.headSeq = head
    }
    self.push(.following, ByteBuffer(bytes: push.wireBytes()))
  }

  private func bytes(
    _ seq: UInt64, _ body: Event.Body, id: UInt64, from: String, device: String? = nil,
    in stream: String = "user/me"
  ) -> ByteBuffer {
    EventEncoding.encode(
      Event(
        stream: StreamKey(checked: stream)!, seq: Seq(seq), messageID: MessageID(id),
        recordedAt: Timestamp(milliseconds: 1),
        actor: Actor(
          user: UserID(checked: from), device: device.map { DeviceID(checked: $0) }),
        body: body))
  }

  private func messageBytes(_ seq: UInt64) -> ByteBuffer {
    let message = Message(content: ContentCoding.text("m\(seq)"))
    return bytes(seq, .messageSent(message), id: 1000 + seq, from: "bob")
  }

  mutating func message(_ seq: UInt64) { push(.event, messageBytes(seq)) }

  mutating func event(
    _ seq: UInt64, _ body: Event.Body, id: UInt64 = 0, from: String = "me",
    in stream: String = "user/me"
  ) {
    push(.event, bytes(seq, body, id: id, from: from, in: stream))
  }

  mutating func transient(
    _ body: Event.Body, from: String, device: String, in stream: String = "user/me"
  ) {
    push(.transient, bytes(0, body, id: 0, from: from, device: device, in: stream))
  }

  mutating func fetched(
    _ sequence: UInt32, _ seqs: [UInt64], hidden: ClosedRange<UInt64>? = nil, next: UInt64
  ) {
    var reply = Daybook_V1_FetchReply()
    for seq in seqs {
      reply.events.append(.init(messageBytes(seq).readableBytesView))
    }
    if let hidden {
      reply.notVisible = [
        .with {
          $0.fromSeq = hidden.lowerBound
          $0.toSeq = hidden.upperBound
        }
      ]
    }
    reply.nextSeq = next
    core.receive(
      Frame(type: .fetch.reply, sequence: sequence, body: ByteBuffer(bytes: reply.wireBytes())))
  }

  mutating func reply(
    to sequence: UInt32, _ type: FrameType, id: UInt64 = 0, seq: UInt64 = 0,
    repeated: Bool = false
  ) {
    var body = ByteBuffer()
    CommandReply(
      messageID: MessageID(id), seq: Seq(seq), recordedAt: Timestamp(milliseconds: 1),
      repeated: repeated, changed: true
    ).write(to: &body)
    core.receive(Frame(type: type.reply, sequence: sequence, body: body))
  }

  mutating func error(_ sequence: UInt32, _ code: ErrorCode, retryAfter: Duration? = nil) {
    let reply = DaybookError(code, "told", retryAfter: retryAfter).errorReply
    core.receive(
      Frame(type: .error, sequence: sequence, body: ByteBuffer(bytes: reply.wireBytes())))
  }

  mutating func take() -> Taken { Taken(core.takeActions()) }
}

/// A core's actions, sorted for comparison.
struct Taken {
  var sequences: [UInt32] = []
  var requests: [FrameType] = []
  var commands: [IssuedCommand] = []
  var acks: [String] = []
  var fetches: [String] = []
  var events: [ClientEvent] = []
  var points: [UInt64] = []
  var answered: [UInt64] = []
  var failed: [String] = []
  var questionsAnswered: [UInt64] = []
  var questionsFailed: [UInt64] = []
  var wantsRetry = false
  var retriesAfter: [Duration] = []
  var wantsAcks = false
  var stop: ErrorCode?
  var reconnect: ErrorCode?

  init(_ actions: [SessionAction]) {
    for action in actions { add(action) }
  }

  private mutating func add(_ action: SessionAction) {
    switch action {
    case .write(let request, let sequence): add(request, sequence)
    case .emit(let event, let point):
      if let event { events.append(event) }
      if let point { points.append(point.seq.rawValue) }
    case .answer(let token, .success): answered.append(token)
    case .answer(let token, .failure(let error)): failed.append("\(token) \(error.code)")
    case .queryAnswer(let id, .success): questionsAnswered.append(id)
    case .queryAnswer(let id, .failure): questionsFailed.append(id)
    case .opened: break
    case .ackNow: wantsAcks = true
    case .retryLater(let stated):
      wantsRetry = true
      if let stated { retriesAfter.append(stated) }
    case .reconnect(let error): reconnect = error.code
    case .stop(let error): stop = error.code
    }
  }

  private mutating func add(_ request: SessionRequest, _ sequence: UInt32) {
    sequences.append(sequence)
    switch request {
    case .command(let command): commands.append(command)
    case .ack(let ack): acks.append("\(ack.stream) \(ack.upTo)")
    case .bytes(.fetch, let body):
      let fetch = try? Daybook_V1_FetchRequest(frameBody: body)
      fetches.append(fetch.map { "\($0.stream) \($0.fromSeq)...\($0.toSeq)" } ?? "torn")
    case .bytes(let type, _): requests.append(type)
    }
  }

  var texts: [String] {
    events.compactMap {
      if case .message(let message) = $0, case .text(let text) = message.content {
        text
      } else {
        nil
      }
    }
  }

  var delays: Int {
    events.count { if case .delayed = $0 { true } else { false } }
  }

  var statuses: [String] {
    events.compactMap {
      if case .status(let update) = $0 { "\(update.messageID ?? 0) \(update.status)" } else { nil }
    }
  }
}

extension ClientEvent {
  var isConnected: Bool {
    if case .connection(.connected) = self { true } else { false }
  }
}
