import DaybookModel
import DaybookSchema
import Dispatch
import NIOCore
import SwiftProtobuf
import WireProtocol

/// One user of the chat load: sends to a partner with so many messages unanswered at most, and
/// acks what it is pushed. Leaner than the SDK, so that the server is what is measured.
final class ChatUser: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct Plan: Sendable {
    var user: UserID
    var partner: UserID
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
  private let partner: StreamKey
  private let content: ByteBuffer
  private var decoder = FrameDecoder()
  /// Of frames: rises by one with each, whatever it asks.
  private var sequence: UInt32 = 0
  private var sent = 0
  private var answered = 0
  private var received = 0
  private var head = Seq.none
  private var acked = Seq.none
  private var sentAt: [UInt64]
  private var latencies = LatencyHistogram()

  init(_ plan: Plan, ready: EventLoopPromise<Void>, done: EventLoopPromise<Outcome>) {
    self.plan = plan
    self.ready = ready
    self.done = done
    mailbox = .user(plan.user)
    partner = .user(plan.partner)
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
    if head > acked {
      acked = head
      var buffer = context.channel.allocator.buffer(capacity: 64)
      AckRequest(stream: mailbox, upTo: head).writeFrame(sequence: nextSequence(), to: &buffer)
      context.write(wrapOutboundOut(buffer), promise: nil)
    }
    context.flush()
    if answered == plan.messages && received == plan.messages {
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

  private func take(_ event: ByteBuffer) {
    let slot = event.withUnsafeReadableBytes { try? EventScan.slot(of: $0, start: 0) }
    guard let slot else { return fail(DaybookError(.malformedFrame, "a push is no event")) }
    guard slot.seq == head.next else {
      return fail(DaybookError(.malformedFrame, "a push of seq \(slot.seq) came after \(head)"))
    }
    head = slot.seq
    if slot.kind == .messageSent { received += 1 }
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
        context: CommandContext(number: UInt64(sent)), to: partner, content: content
      ).writeFrame(sequence: nextSequence(), to: &buffer)
    }
  }
}
