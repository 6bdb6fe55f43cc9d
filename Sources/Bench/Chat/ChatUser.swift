import DaybookModel
import DaybookSchema
import Dispatch
import NIOCore
import SwiftProtobuf
import WireProtocol

/// One user of the chat load: sends to a partner, or a group, with so many messages unanswered at most,
/// and acks what it is pushed. Leaner than the SDK, so that the server is what is measured.
final class ChatUser: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct Plan: Sendable {
    var user: UserID
    /// Whom, or which group, it writes to.
    var to: StreamKey
    /// Messages of others that come.
    var expected: Int
    var token: String
    var messages: Int
    var window: Int
    var messageBytes: Int
  }

  /// What the user did, told when everything was answered and the partner's messages came.
  struct Outcome: Sendable {
    var latencies: LatencyHistogram
    var received: Int
  }

  private let plan: Plan
  private let ready: EventLoopPromise<Void>
  private let done: EventLoopPromise<Outcome>
  private let mailbox: StreamKey
  /// Where messages of others come.
  private let incoming: StreamKey
  private let content: ByteBuffer
  private var decoder = FrameDecoder()
  /// Of frames: rises by one with each, whatever it asks.
  private var sequence: UInt32 = 0
  private var sent = 0
  private var answered = 0
  private var received = 0
  /// Of the streams that it follows: the last seq that came, and that it has acked.
  private var heads: [StreamKey: Seq] = [:]
  private var acked: [StreamKey: Seq] = [:]
  private var sentAt: [UInt64]
  private var latencies = LatencyHistogram()

  init(_ plan: Plan, ready: EventLoopPromise<Void>, done: EventLoopPromise<Outcome>) {
    self.plan = plan
    self.ready = ready
    self.done = done
    mailbox = .user(plan.user)
    incoming = plan.to.kind == .group ? plan.to : mailbox
    content = ContentCoding.text(String(repeating: "m", count: plan.messageBytes))
    sentAt = Array(repeating: 0, count: plan.window)
  }

  func channelActive(context: ChannelHandlerContext) {
    var frame = context.channel.allocator.buffer(capacity: 512)
    let connect = Daybook_V1_ConnectRequest.with {
      $0.token = plan.token
      $0.client = "daybook bench"
      $0.origin = .init(plan.user.text.utf8)
    }
    frame.writeFrame(.connect, sequence: nextSequence(), message: connect)
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }

  /// On the channel's event loop, once everyone is ready.
  func begin(_ channel: any Channel) {
    var buffer = channel.allocator.buffer(capacity: plan.window * (plan.messageBytes + 128))
    send(plan.window, to: &buffer)
    channel.writeAndFlush(buffer, promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.append(unwrapInboundIn(data))
    var room = 0
    do throws(FrameFault) {
      while let frame = try decoder.next() {
        switch frame.type {
        case .event: take(frame.body)
        case FrameType.send.reply: room += answer()
        case .following: follow(frame.body)
        case .caughtUp: ready.succeed(())
        case .error, .closing: fail(DaybookError(.unreachable, "the server refused: \(frame.body)"))
        default: break
        }
      }
    } catch {
      fail(error.error)
    }
    var buffer = context.channel.allocator.buffer(capacity: room * (plan.messageBytes + 128) + 64)
    send(room, to: &buffer)
    if buffer.readableBytes > 0 { context.write(wrapOutboundOut(buffer), promise: nil) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Cumulative, so one ack a read is one for all that it brought.
    for (stream, head) in heads where head > acked[stream] ?? .none {
      acked[stream] = head
      var buffer = context.channel.allocator.buffer(capacity: 64)
      AckRequest(stream: stream, upTo: head).writeFrame(sequence: nextSequence(), to: &buffer)
      context.write(wrapOutboundOut(buffer), promise: nil)
    }
    context.flush()
    if answered == plan.messages && received == plan.expected {
      done.succeed(Outcome(latencies: latencies, received: received))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(DaybookError(.unreachable, "the server closed the connection of \(plan.user)"))
  }

  private func fail(_ error: DaybookError) {
    ready.fail(error)
    done.fail(error)
  }

  private func follow(_ body: ByteBuffer) {
    guard let push = try? Daybook_V1_Following(frameBody: body),
      let stream = StreamKey(checked: push.stream)
    else { return fail(DaybookError(.malformedFrame, "a push names no stream")) }
    heads[stream] = Seq(push.cursor)
    acked[stream] = Seq(push.cursor)
  }

  private func take(_ event: ByteBuffer) {
    let slot = event.withUnsafeReadableBytes { try? EventScan.slot(of: $0, start: 0) }
    guard let slot else { return fail(DaybookError(.malformedFrame, "a push is no event")) }
    let stream = slot.stream == mailbox.fingerprint ? mailbox : plan.to
    let head = heads[stream] ?? .none
    guard slot.seq == head.next else {
      return fail(DaybookError(.malformedFrame, "a push of seq \(slot.seq) came after \(head)"))
    }
    heads[stream] = slot.seq
    if slot.kind == .messageSent, stream == incoming { received += 1 }
  }

  /// All go to one partition, so answers come in the order of sending.
  private func answer() -> Int {
    let now = DispatchTime.now().uptimeNanoseconds
    answered += 1
    latencies.record(nanoseconds: now - sentAt[answered % plan.window])
    return 1
  }

  private func nextSequence() -> UInt32 {
    sequence += 1
    return sequence
  }

  private func send(_ count: Int, to buffer: inout ByteBuffer) {
    let now = DispatchTime.now().uptimeNanoseconds
    for _ in 0..<min(count, plan.messages - sent) {
      sent += 1
      sentAt[sent % plan.window] = now
      SendRequest(
        context: CommandContext(number: UInt64(sent)), to: plan.to, content: content
      ).writeFrame(sequence: nextSequence(), to: &buffer)
    }
  }
}
