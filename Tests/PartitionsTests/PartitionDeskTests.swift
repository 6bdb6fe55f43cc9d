import DaybookModel
import Ports
import Testing

@testable import Partitions

@Suite("A partition's desk")
struct PartitionDeskTests {
  private let answers = Answers()

  private func pending(_ number: UInt64) -> PendingCommand {
    PendingCommand(
      Command(
        stream: .user(bob), actor: Actor(user: alice, device: phone),
        id: NumberedOrigin(origin: Origin("phone".utf8)!, number: number),
        body: .send(message("\(number)"))),
      receiver: answers, token: number)
  }

  @Test("after a batch has failed, later numbers wait for the first of those that were in it")
  func failedBatch() throws {
    let empty = PartitionState(partition: PartitionID(0))
    var desk = PartitionDesk(empty, policy: .standard, headerBytes: 16)
    desk.take([pending(1), pending(2)], now: start, uptime: start)
    let first = desk.next()
    let failed = try #require(first)
    desk.take([pending(3)], now: start, uptime: start)
    let lost = desk.restart(empty, after: failed, uptime: start)
    #expect(lost.map(\.count) == [2, 1])

    // On its way when the batch failed: it must not overtake.
    desk.take([pending(4)], now: start, uptime: start)
    let refused = desk.next()
    #expect(refused?.hasEvents == false)
    desk.take([pending(1), pending(2), pending(3), pending(4)], now: start, uptime: start)
    let again = desk.next()
    #expect(again?.count == 4)
  }
}
