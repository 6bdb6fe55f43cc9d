import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import WireProtocol

/// One connection of a load: sends messages with so many unanswered at most, and acks what it is
/// pushed. Leaner than the SDK, so that the server is what is measured.
///
/// `@unchecked Sendable`: touched on its channel's event loop only.
final class LoadClient: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct Plan: Sendable {
    /// Who sends. Of a service, whom it acts for; it follows nothing.
    var user: UserID
    /// Of its commands, which it numbers.
    var origin: String
    var isService = false
    var token: String
    /// What it writes to, in turn.
    var targets: [StreamKey]
    var window: Int
    var messageBytes: Int
    /// A message that is refused for now is given up, and not sent again when the server has said; its number is the
    /// next one's.
    var dropsRefused = false
  }

  private let plan: Plan
  private let ready: EventLoopPromise<Void>
  private let done: EventLoopPromise<Void>
  private let content: ByteBuffer
  private let followed: [UInt64: StreamKey]
  private var channel: (any Channel)?
  private var decoder = FrameDecoder()
  /// Of frames: rises by one with each, whatever it asks.
  private var sequence: UInt32 = 0
  /// Messages that were due and have found no place in the window, by when they were.
  private var due = CircularBuffer<UInt64>()
  /// When those that are unanswered were due, by their frames' sequences.
  private var unanswered: [UInt32: UInt64] = [:]
  /// So many are sent as fast as the window lets.
  private var limit = 0
  /// Messages of others, or of itself, that come to it in all; nil while that is not known.
  private var expected: Int?
  /// Frames that wait to be written together.
  private var outgoing = ByteBuffer()
  /// Of the streams that it follows: the last seq that came, and that it has acked.
  private var heads: [StreamKey: Seq] = [:]
  private var acked: [StreamKey: Seq] = [:]

  private let figures: LoadFigures
  private var lastNumber: UInt64 = 0
  /// Of those without an answer, and of those that were refused, ascending.
  private var numbers: [UInt32: UInt64] = [:]
  private var freed: [UInt64] = []
  /// The server has said to come again in a while.
  private var isWaiting = false
  private(set) var sent = 0
  private(set) var answered = 0
  private(set) var received = 0
  /// Who alone writes to what this one follows: what comes is what that one has sent, in its order.
  private weak var writer: LoadClient?
  /// When what was sent and has not reached its only reader was due. Nil if there are others.
  private var undelivered: CircularBuffer<UInt64>?
  /// Called with each message that comes, and with what ends the connection.
  var whenReceived: (() -> Void)?
  var whenFailed: ((any Error) -> Void)?

  init(_ plan: Plan, _ figures: LoadFigures, on loop: any EventLoop) {
    self.plan = plan
    self.figures = figures
    ready = loop.makePromise()
    done = loop.makePromise()
    content = ContentCoding.text(String(repeating: "m", count: plan.messageBytes))
    let streams = plan.targets.filter { $0.kind == .group } + [.user(plan.user)]
    followed = Dictionary(streams.map { ($0.fingerprint, $0) }, uniquingKeysWith: { a, _ in a })
  }

  /// It has caught up with all that it follows.
  var isReady: EventLoopFuture<Void> { ready.futureResult }

  /// What this one sends comes to `reader` alone, and nothing else does: how long that takes is measured.
  func writesOnly(to reader: LoadClient) {
    undelivered = []
    reader.writer = self
  }

  // MARK: the load, on the event loop

  /// Sends so many, as fast as the window lets.
  func send(upTo limit: Int) {
    self.limit = limit
    fill()
    flush()
  }

  /// No more than was sent until now.
  func stop() { limit = sent }

  /// A message was due at this time; `flush` then sends what there is room for.
  func offer(due time: UInt64) {
    due.append(time)
    fill()
  }

  /// Succeeds once everything that was offered is answered, and so many messages have come.
  func finish(expecting count: Int) -> EventLoopFuture<Void> {
    expected = count
    endIfDone()
    return done.futureResult
  }

  /// A message to whom it writes to at this place, whatever its window.
  func say(toTarget place: Int) {
    limit = max(limit, sent + 1)
    send(due: NIODeadline.now().uptimeNanoseconds, to: plan.targets[place])
    flush()
  }

  func flush() {
    guard outgoing.readableBytes > 0, let channel else { return }
    channel.writeAndFlush(outgoing, promise: nil)
    outgoing = channel.allocator.buffer(capacity: 1024)
  }

  /// Reads no more of what it is sent, for good.
  func stopReading() { _ = channel?.setOption(.autoRead, value: false) }

  /// Ends it, whatever it still waits for.
  func close() {
    fail(DaybookError(.unreachable, "the load has ended"))
    channel?.close(promise: nil)
  }

  /// Messages that it has sent, or will once there is room.
  var offered: Int { max(limit, sent + due.count) }

  private func fill() {
    while !isWaiting, unanswered.count < plan.window {
      if let time = due.popFirst() {
        send(due: time)
      } else if sent < limit {
        send(due: NIODeadline.now().uptimeNanoseconds)
      } else {
        return
      }
    }
  }

  private func send(due time: UInt64) {
    send(due: time, to: plan.targets[sent % plan.targets.count])
  }

  private func send(due time: UInt64, to target: StreamKey) {
    let number = nextNumber()
    let context = CommandContext(number: number, actingFor: plan.isService ? plan.user : nil)
    sent += 1
    let sequence = nextSequence()
    unanswered[sequence] = time
    numbers[sequence] = number
    undelivered?.append(time)
    SendRequest(context: context, to: target, content: content)
      .writeFrame(sequence: sequence, to: &outgoing)
  }

  /// Numbers behind a refused one are not taken before that has come again, with whatever it is then.
  private func nextNumber() -> UInt64 {
    if !freed.isEmpty { return freed.removeFirst() }
    lastNumber += 1
    return lastNumber
  }

  private func nextSequence() -> UInt32 {
    sequence += 1
    return sequence
  }

  private func endIfDone() {
    guard let expected, unanswered.isEmpty, due.isEmpty, sent >= limit,
      plan.dropsRefused || received >= expected
    else { return }
    done.succeed(())
  }

  // MARK: the channel

  func channelActive(context: ChannelHandlerContext) {
    channel = context.channel
    let connect = Daybook_V1_ConnectRequest.with {
      $0.token = plan.token
      $0.client = "daybook bench"
      $0.origin = .init(plan.origin.utf8)
    }
    outgoing.writeFrame(.connect, sequence: nextSequence(), message: connect)
    flush()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.append(unwrapInboundIn(data))
    do throws(FrameFault) {
      while let frame = try decoder.next() { take(frame) }
    } catch {
      fail(error.error)
    }
    fill()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Cumulative, so one ack a read is one for all that it brought.
    for (stream, head) in heads where head > acked[stream] ?? .none {
      acked[stream] = head
      AckRequest(stream: stream, upTo: head).writeFrame(sequence: nextSequence(), to: &outgoing)
    }
    flush()
    endIfDone()
  }

  func channelInactive(context: ChannelHandlerContext) {
    channel = nil
    fail(DaybookError(.unreachable, "the server closed the connection of \(plan.user)"))
  }

  private func fail(_ error: DaybookError) {
    ready.fail(error)
    done.fail(error)
    whenFailed?(error)
  }

  // MARK: what comes

  private func take(_ frame: Frame) {
    switch frame.type {
    case .event: take(event: frame.body)
    case FrameType.send.reply: answer(frame.sequence)
    case FrameType.connect.reply: if plan.isService { ready.succeed(()) }
    case .following: follow(frame.body)
    case .caughtUp: ready.succeed(())
    case .error:
      if refused(frame) { return }
      let reply = try? Daybook_V1_ErrorReply(frameBody: frame.body)
      fail(reply.map { DaybookError($0) } ?? DaybookError(.malformedFrame, "a torn error came"))
    case .closing:
      let closing = try? Daybook_V1_Closing(frameBody: frame.body)
      fail(DaybookError(closing?.error ?? Daybook_V1_ErrorReply()))
    default: break
    }
  }

  /// False if it is no message that was refused for now.
  private func refused(_ frame: Frame) -> Bool {
    guard let reply = try? Daybook_V1_ErrorReply(frameBody: frame.body), reply.temporary,
      let number = numbers.removeValue(forKey: frame.sequence),
      let time = unanswered.removeValue(forKey: frame.sequence)
    else { return false }
    let place = freed.lastIndex { $0 < number }.map { $0 + 1 } ?? 0
    freed.insert(number, at: place)
    figures.refused(due: time)
    guard !plan.dropsRefused else { return true }
    sent -= 1
    if let at = undelivered?.firstIndex(of: time) { undelivered?.remove(at: at) }
    due.prepend(time)
    wait(milliseconds: max(1, Int64(clamping: reply.retryAfterMs)))
    return true
  }

  private func wait(milliseconds: Int64) {
    guard !isWaiting, let channel else { return }
    isWaiting = true
    channel.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
      self.isWaiting = false
      self.fill()
      self.flush()
    }
  }

  private func answer(_ sequence: UInt32) {
    numbers[sequence] = nil
    guard let time = unanswered.removeValue(forKey: sequence) else {
      return fail(DaybookError(.malformedFrame, "frame \(sequence) was answered and not asked"))
    }
    answered += 1
    figures.answered(due: time)
  }

  private func follow(_ body: ByteBuffer) {
    guard let push = try? Daybook_V1_Following(frameBody: body),
      let stream = StreamKey(checked: push.stream)
    else { return fail(DaybookError(.malformedFrame, "a push names no stream")) }
    heads[stream] = Seq(push.cursor)
    acked[stream] = Seq(push.cursor)
  }

  private func take(event: ByteBuffer) {
    let slot = event.withUnsafeReadableBytes { try? EventScan.slot(of: $0, start: 0) }
    guard let slot, let stream = followed[slot.stream] else {
      return fail(DaybookError(.malformedFrame, "a push is no event of what is followed"))
    }
    let head = heads[stream] ?? .none
    guard slot.seq == head.next else {
      return fail(DaybookError(.malformedFrame, "a push of seq \(slot.seq) came after \(head)"))
    }
    heads[stream] = slot.seq
    guard slot.kind == .messageSent else { return }
    received += 1
    whenReceived?()
    if let time = writer?.undelivered?.popFirst() { figures.delivered(due: time) }
  }
}
