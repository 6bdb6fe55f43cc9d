import DaybookModel
import NIOConcurrencyHelpers
import Testing

@testable import DaybookSDK

@Suite("The events' way to the consumer")
struct EventQueueTests {
  private let mailbox = StreamKey(checked: "user/me")!

  private func item(_ seq: UInt64, isSilent: Bool = false) -> EventQueue.Item {
    EventQueue.Item(
      event: isSilent ? nil : .groupJoined("g\(seq)"),
      point: AckPoint(stream: mailbox, seq: Seq(seq)))
  }

  @Test("an event counts as handed on when it is taken, and what is silent with what is before it")
  func taken() async {
    let queue = EventQueue(.immediate, waitingMax: 100) { _ in }
    queue.push([item(1), item(2, isSilent: true), item(3)])
    #expect(queue.collectAcks() == [:])
    #expect(await queue.next()?.event == .groupJoined("g1"))
    #expect(queue.collectAcks() == [mailbox: Seq(2)])
    #expect(await queue.next()?.event == .groupJoined("g3"))
    #expect(queue.collectAcks() == [mailbox: Seq(3)])
  }

  @Test("what is silent needs no consumer where nothing is before it")
  func silent() {
    let levels = NIOLockedValueBox<[Int]>([])
    let queue = EventQueue(.immediate, waitingMax: 100) { level in
      levels.withLockedValue { $0.append(level.due) }
    }
    queue.push([item(1, isSilent: true), item(2, isSilent: true)])
    #expect(queue.collectAcks() == [mailbox: Seq(2)])
    #expect(levels.withLockedValue { $0 } == [2])
  }

  @Test("who waits for room hears of it, whatever is taken")
  func room() async {
    let levels = NIOLockedValueBox<[Int]>([])
    let queue = EventQueue(.immediate, waitingMax: 100) { level in
      levels.withLockedValue { $0.append(level.waiting) }
    }
    queue.push([
      EventQueue.Item(event: .caughtUp, point: nil), EventQueue.Item(event: .caughtUp, point: nil),
    ])
    _ = await queue.next()
    _ = await queue.next()
    #expect(levels.withLockedValue { $0 } == [1, 0])
    #expect(queue.collectAcks() == [:])
  }

  @Test("what came again doesn't take back what counts as handed on")
  func again() async {
    let queue = EventQueue(.immediate, waitingMax: 100) { _ in }
    queue.push([item(2), item(1, isSilent: true)])
    #expect(await queue.next()?.event == .groupJoined("g2"))
    #expect(queue.collectAcks() == [mailbox: Seq(2)])
  }

  @Test("a waiting consumer gets what comes, and the end after everything")
  func waiting() async {
    let queue = EventQueue(.immediate, waitingMax: 100) { _ in }
    async let first = queue.next()
    queue.push([item(1), item(2)])
    let got = [await first?.event, await queue.next()?.event]
    #expect(Set(got) == [.groupJoined("g1"), .groupJoined("g2")])
    queue.push([item(3)])
    queue.finish()
    #expect(await queue.next()?.event == .groupJoined("g3"))
    #expect(await queue.next()?.event == nil)
  }

  @Test("a cancelled consumer loses nothing for the next one")
  func cancelled() async {
    let queue = EventQueue(.immediate, waitingMax: 100) { _ in }
    let task = Task { await queue.next() }
    task.cancel()
    #expect(await task.value?.event == nil)
    queue.push([item(1)])
    #expect(await queue.next()?.event == .groupJoined("g1"))
  }

  @Test("after its body an event counts as received when the next one is asked for, and no sooner")
  func afterBody() async {
    let queue = EventQueue(.afterBody, waitingMax: 100) { _ in }
    queue.push([item(1), item(2, isSilent: true), item(3)])
    #expect(await queue.next()?.event == .groupJoined("g1"))
    #expect(queue.collectAcks() == [:])
    #expect(await queue.next()?.event == .groupJoined("g3"))
    #expect(queue.collectAcks() == [mailbox: Seq(2)])
    let waiting = Task { await queue.next() }
    waiting.cancel()
    #expect(await waiting.value?.event == nil)
    #expect(queue.collectAcks() == [mailbox: Seq(3)], "who asks for more is done with what was")
    queue.push([item(4), item(5)])
    #expect(await queue.next()?.event == .groupJoined("g4"))
    queue.finish()
    #expect(queue.collectAcks() == [:], "the end of the session is not the end of a body")
  }

  @Test("by hand nothing counts but what is acknowledged, with all before it in its stream")
  func manual() async {
    let group = StreamKey(checked: "group/team")!
    let queue = EventQueue(.manual, waitingMax: 100) { _ in }
    let other = EventQueue.Item(
      event: .groupLeft("team"), point: AckPoint(stream: group, seq: Seq(1)))
    queue.push([item(1), item(2), other, item(3, isSilent: true), item(4)])
    for _ in 1...4 { _ = await queue.next() }
    #expect(queue.collectAcks() == [:])
    queue.acknowledge(mailbox, upTo: Seq(2))
    #expect(queue.collectAcks() == [mailbox: Seq(3)], "what is silent goes with what is before it")
    queue.acknowledge(mailbox, upTo: Seq(1))
    #expect(queue.collectAcks() == [:])
    queue.acknowledge(nil, upTo: Seq(9))
    #expect(queue.collectAcks() == [mailbox: Seq(4)], "never past what was handed out")
    queue.acknowledge(group, upTo: Seq(1))
    queue.push([item(2, isSilent: true)])
    #expect(
      queue.collectAcks() == [group: Seq(1), mailbox: Seq(4)],
      "what came again though it was acknowledged is acked again")
  }

  @Test("what nobody takes fills no more than its room, and the last word of each kind is kept")
  func overflow() async {
    let queue = EventQueue(.afterBody, waitingMax: 2) { _ in }
    func presence(_ user: String, _ isOnline: Bool) -> EventQueue.Item {
      EventQueue.Item(
        event: .presence(UserPresence(user: user, isOnline: isOnline, devices: [])), point: nil)
    }
    let lost = ClientEvent.connection(
      .waiting(.zero, ClientError(.unreachable, "no server answers")))
    let news = ClientEvent.status(
      StatusUpdate(sendID: 1, messageID: nil, conversation: .user("bob"), status: .pushed))
    queue.push([item(1), item(2)])
    #expect(queue.isFull)
    queue.push([presence("ann", true), presence("bob", true), presence("ann", false)])
    for event in [news, .typing(user: "bob", .user("bob")), .connection(.closed(nil)), lost] {
      queue.push([EventQueue.Item(event: event, point: nil)])
    }
    // What has a place in a stream is no more than the server sends without an ack.
    queue.push([item(3)])
    var told: [ClientEvent] = []
    for _ in 1...6 { told.append(await queue.next()!.event) }
    #expect(
      told == [
        .groupJoined("g1"), .groupJoined("g2"), .groupJoined("g3"),
        presence("bob", true).event!, presence("ann", false).event!, lost,
      ])
    #expect(!queue.isFull)
  }
}
