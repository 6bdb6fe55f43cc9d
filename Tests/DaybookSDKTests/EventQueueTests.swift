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
    let queue = EventQueue { _ in }
    queue.push([item(1), item(2, isSilent: true), item(3)])
    #expect(queue.collectTaken() == [:])
    #expect(await queue.next() == .groupJoined("g1"))
    #expect(queue.collectTaken() == [mailbox: Seq(2)])
    #expect(await queue.next() == .groupJoined("g3"))
    #expect(queue.collectTaken() == [mailbox: Seq(3)])
  }

  @Test("what is silent needs no consumer where nothing is before it")
  func silent() {
    let levels = NIOLockedValueBox<[Int]>([])
    let queue = EventQueue { level in levels.withLockedValue { $0.append(level.taken) } }
    queue.push([item(1, isSilent: true), item(2, isSilent: true)])
    #expect(queue.collectTaken() == [mailbox: Seq(2)])
    #expect(levels.withLockedValue { $0 } == [2])
  }

  @Test("who waits for room hears of it, whatever is taken")
  func room() async {
    let levels = NIOLockedValueBox<[Int]>([])
    let queue = EventQueue { level in levels.withLockedValue { $0.append(level.waiting) } }
    queue.push([
      EventQueue.Item(event: .caughtUp, point: nil), EventQueue.Item(event: .caughtUp, point: nil),
    ])
    _ = await queue.next()
    _ = await queue.next()
    #expect(levels.withLockedValue { $0 } == [1, 0])
    #expect(queue.collectTaken() == [:])
  }

  @Test("what came again doesn't take back what counts as handed on")
  func again() async {
    let queue = EventQueue { _ in }
    queue.push([item(2), item(1, isSilent: true)])
    #expect(await queue.next() == .groupJoined("g2"))
    #expect(queue.collectTaken() == [mailbox: Seq(2)])
  }

  @Test("a waiting consumer gets what comes, and the end after everything")
  func waiting() async {
    let queue = EventQueue { _ in }
    async let first = queue.next()
    queue.push([item(1), item(2)])
    let got = [await first, await queue.next()]
    #expect(Set(got) == [.groupJoined("g1"), .groupJoined("g2")])
    queue.push([item(3)])
    queue.finish()
    #expect(await queue.next() == .groupJoined("g3"))
    #expect(await queue.next() == nil)
  }

  @Test("a cancelled consumer loses nothing for the next one")
  func cancelled() async {
    let queue = EventQueue { _ in }
    let task = Task { await queue.next() }
    task.cancel()
    #expect(await task.value == nil)
    queue.push([item(1)])
    #expect(await queue.next() == .groupJoined("g1"))
  }
}
