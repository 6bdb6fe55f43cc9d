import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import SwiftProtobuf
import WireProtocol

/// A user's device that speaks the wire protocol by itself, keeps what it has sent until that is answered, over any
/// number of connections, and enters into a ledger what it is told. It is no better than it wants to be.
///
/// `@unchecked Sendable`: all that changes is touched on its event loop only.
final class RawClient: RawLineOwner, @unchecked Sendable {
  /// Messages on their way at a time.
  private static let window = 32
  private static let heartbeat = TimeAmount.seconds(10)

  let user: String
  let transport: RawTransport
  let loop: any EventLoop
  private let places: NIOLockedValueBox<RawPlaces>
  private let token: String
  let ledger: NIOLockedValueBox<DeliveryLedger>
  /// How long each answer to a send took, in nanoseconds.
  private let answered: @Sendable (Int64) -> Void

  /// The present one; nil between connections.
  private(set) var line: RawLine?
  /// Lines that have not ended, the present one included.
  private(set) var openLines = 0
  /// In order of number.
  private(set) var unacked: [(message: LedgerMessage, padding: Int)] = []
  private(set) var lastNumber: UInt64 = 0
  private(set) var ackedCount = 0
  /// A send was refused for now: what is unacked goes again, in its order, once the others are answered.
  private var isHeldBack = false
  /// It does nothing for which a server may end its session, but for now.
  var behaves = false
  /// It opens connections and says nothing.
  var isSilent = false
  /// Why the server has ended the last line, and when it said so.
  private(set) var closing: (error: Daybook_V1_ErrorReply, at: NIODeadline)?
  /// When it was last answered who it is.
  private(set) var connectedAt: NIODeadline?
  private var waiting: [(isMet: (RawClient) -> Bool, CheckedContinuation<Void, Never>)] = []

  init(
    _ user: String, _ transport: RawTransport, token: String,
    places: NIOLockedValueBox<RawPlaces>, on loop: any EventLoop,
    ledger: NIOLockedValueBox<DeliveryLedger>, answered: @escaping @Sendable (Int64) -> Void
  ) {
    self.user = user
    self.transport = transport
    self.token = token
    self.places = places
    self.loop = loop
    self.ledger = ledger
    self.answered = answered
  }

  // MARK: from anywhere

  func run(_ body: @escaping @Sendable (RawClient) -> Void) {
    loop.execute { body(self) }
  }

  func until(_ isMet: @escaping @Sendable (RawClient) -> Bool) async {
    await withCheckedContinuation { continuation in
      loop.execute {
        if isMet(self) { continuation.resume() } else { self.waiting.append((isMet, continuation)) }
      }
    }
  }

  func ask<T: Sendable>(_ what: @escaping @Sendable (RawClient) -> T) async -> T {
    await withCheckedContinuation { continuation in
      loop.execute { continuation.resume(returning: what(self)) }
    }
  }

  /// Opens a connection beside those that there are, which becomes the present one. False where there is none.
  @discardableResult
  func open(receiveBytes: Int? = nil) async -> Bool {
    let line = await RawLine.open(
      transport, places.withLockedValue { $0 }, on: loop, receiveBytes: receiveBytes, of: self)
    guard let line else { return false }
    await until { _ in line.wasOpen || line.isEnded }
    return await ask { $0.line === line }
  }

  /// Returns once all that was past its cursors has come, or the connection has ended.
  func connect(receiveBytes: Int? = nil) async -> Bool {
    guard await open(receiveBytes: receiveBytes) else { return false }
    await until { $0.line?.isCaughtUp ?? true }
    return await ask { $0.line != nil }
  }

  /// Until it is connected, whoever or whatever ends a connection meanwhile.
  func stayConnected() async {
    while !(await connect()) { try? await Task.sleep(for: .milliseconds(20)) }
  }

  /// It is there, and all that it has sent is answered, however often it has to connect for that.
  func comesBack() async {
    while await ask({ $0.line?.isCaughtUp != true || !$0.unacked.isEmpty }) {
      if await ask({ $0.line == nil }) { await stayConnected() }
      await until { $0.line == nil || ($0.line?.isCaughtUp == true && $0.unacked.isEmpty) }
    }
  }

  /// Says one thing more to each of these, and returns what it was once that is answered. Whoever has got it has got
  /// all that this client has sent there before.
  func lastWords(to streams: [String]) async -> [LedgerMessage] {
    await comesBack()
    let first = await ask { $0.lastNumber } + 1
    send(streams.map { ($0, 0) })
    await comesBack()
    return streams.enumerated().map {
      LedgerMessage(from: user, number: first + UInt64($0), to: $1)
    }
  }

  /// Returns once all of these have come, now or before.
  func has(_ messages: Set<LedgerMessage>, in stream: String) async {
    let (user, ledger) = (user, ledger)
    await until { _ in ledger.withLockedValue { $0.has(user, stream, messages) } }
  }

  func send(_ messages: [(to: String, padding: Int)]) {
    loop.execute {
      for (to, padding) in messages {
        self.lastNumber += 1
        let message = LedgerMessage(from: self.user, number: self.lastNumber, to: to)
        self.unacked.append((message, padding))
      }
      self.pump()
      self.wake()
    }
  }

  // MARK: on the loop

  private func wake() {
    guard !waiting.isEmpty else { return }
    let all = waiting
    waiting = []
    for (isMet, continuation) in all {
      if isMet(self) { continuation.resume() } else { waiting.append((isMet, continuation)) }
    }
  }

  private func pump() {
    guard let line, line.isCaughtUp else { return }
    if isHeldBack {
      guard line.inFlight.isEmpty else { return }
      isHeldBack = false
      line.sentUpTo = 0
    }
    while line.inFlight.count < RawClient.window,
      let next = unacked.first(where: { $0.message.number > line.sentUpTo })
    {
      line.sentUpTo = next.message.number
      line.inFlight[line.sequence + 1] = (next.message, .now())
      line.write(.send, request(next.message, next.padding))
    }
  }

  private func request(_ message: LedgerMessage, _ padding: Int) -> ByteBuffer {
    var body = ByteBuffer()
    guard let to = StreamKey(checked: message.to) else { return body }
    SendRequest(
      context: CommandContext(number: message.number), to: to,
      content: ContentCoding.text(message.text(padding: padding))
    ).write(to: &body)
    return body
  }

  func opened(_ line: RawLine) {
    self.line = line
    openLines += 1
    closing = nil
    defer { wake() }
    guard !isSilent else { return }
    let connect = Daybook_V1_ConnectRequest.with {
      $0.token = token
      $0.client = "raw"
      $0.origin = .init(user.utf8)
    }
    line.write(.connect, ByteBuffer(bytes: connect.wireBytes()))
    beat(line)
  }

  private func beat(_ line: RawLine) {
    loop.scheduleTask(in: RawClient.heartbeat) { [weak self, weak line] in
      guard let self, let line, !line.isEnded else { return }
      if line.isCaughtUp { line.write(.heartbeat, ByteBuffer()) }
      beat(line)
    }
  }

  func ended(_ line: RawLine) {
    if line === self.line { self.line = nil }
    if behaves, line.wasOpen, !line.wasClosedHere, closing == nil {
      ledger.withLockedValue { $0.fault("\(user), who behaves, was cut off without a word") }
    }
    if line.wasOpen { openLines -= 1 }
    wake()
  }

  func hasRead(_ line: RawLine) {
    for (stream, seq) in line.toAck {
      guard let key = StreamKey(checked: stream) else { continue }
      var body = ByteBuffer()
      AckRequest(stream: key, upTo: Seq(seq)).write(to: &body)
      line.write(.ack, body)
    }
    line.toAck = [:]
    if line === self.line { pump() }
    wake()
  }

  func took(_ frame: Frame, from line: RawLine) {
    do {
      switch frame.type {
      case FrameType.send.reply: try acked(frame, line)
      case .event: try came(frame.body, line)
      case .following:
        let following = try Daybook_V1_Following(frameBody: frame.body)
        ledger.withLockedValue {
          $0.follows(user, following.stream, cursor: following.cursor)
        }
      case .caughtUp: line.isCaughtUp = true
      case .error: try refused(frame, line)
      case FrameType.connect.reply: connectedAt = .now()
      case .closing:
        let reason = try Daybook_V1_Closing(frameBody: frame.body).error
        closing = (reason, .now())
        if behaves, !reason.temporary {
          ledger.withLockedValue { $0.fault("\(user), who behaves, was ended: \(reason.name)") }
        }
      default: break
      }
    } catch {
      ledger.withLockedValue { $0.fault("\(user) can't read a frame \(frame.type.rawValue)") }
    }
  }

  private func acked(_ frame: Frame, _ line: RawLine) throws {
    guard let (message, at) = line.inFlight.removeValue(forKey: frame.sequence) else { return }
    let reply = try CommandReply(frameBody: frame.body)
    answered((NIODeadline.now() - at).nanoseconds)
    ackedCount += 1
    unacked.removeAll { $0.message == message }
    ledger.withLockedValue { $0.acked(message, as: reply.messageID.rawValue) }
  }

  private func came(_ body: ByteBuffer, _ line: RawLine) throws {
    let event = try Daybook_V1_Event(frameBody: body)
    let content: Daybook_V1_Content? =
      switch event.body {
      case .messageSent(let sent): sent.content
      case .messageCopied(let copied): copied.content
      default: nil
      }
    let text = content.map { String(decoding: $0.plain.body, as: UTF8.self) }
    let entry = LedgerEvent(
      seq: event.seq, messageID: event.messageID,
      message: text.flatMap { LedgerMessage(text: $0) })
    ledger.withLockedValue { $0.came(entry, to: user, of: event.stream) }
    line.toAck[event.stream] = event.seq
  }

  /// What it says wrong on purpose is refused as well, which is nothing to note.
  private func refused(_ frame: Frame, _ line: RawLine) throws {
    let error = try Daybook_V1_ErrorReply(frameBody: frame.body)
    guard let (message, _) = line.inFlight.removeValue(forKey: frame.sequence) else { return }
    guard error.temporary else {
      return ledger.withLockedValue { $0.fault("\(message) was refused with \(error.name)") }
    }
    isHeldBack = true
  }
}
