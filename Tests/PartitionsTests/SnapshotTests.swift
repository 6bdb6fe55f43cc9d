import DaybookModel
import Doubles
import NIOPosix
import Ports
import Testing

@testable import Partitions

@Suite("snapshots of a partition's state", .timeLimit(.minutes(30)))
struct SnapshotTests {
  @Test("taken while batches wait, a snapshot and the events after it are the whole log's state")
  func underLoad() async throws {
    let (log, snapshots) = (MemoryLog(partitions: 4, readBatchesMax: 3), MemorySnapshots())
    let service = PartitionService(
      log: log, snapshots: snapshots, snapshotPolicy: SnapshotPolicy(events: 30, milliseconds: 0),
      clock: fixedClock(), blocking: InlineWork(),
      group: MultiThreadedEventLoopGroup.singleton,
      logger: .silent)
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
    let answers = Answers()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for sender in 0..<20 {
        group.addTask {
          for number in 1...40 {
            let receiver = UserID(checked: "user\((sender + 1 + number % 19) % 20)")
            let user = UserID(checked: "user\(sender)")
            _ = try await answers.ask(
              Command(
                stream: .user(receiver), actor: Actor(user: user),
                id: NumberedOrigin(origin: Origin(user.text.utf8)!, number: UInt64(number)),
                body: .send(message("\(number)"))),
              of: service
            ).get()
          }
        }
      }
      try await group.waitForAll()
    }
    await copies.count(reaches: 800)
    // The service goes on, as one does that is about to be killed.
    for index in 0..<log.partitionCount {
      let partition = PartitionID(index)
      let snapshot = try #require(snapshots.load(partition))
      #expect(snapshot.next > .zero)
      let short = try LoadedState.load(partition, log: log, snapshots: snapshots)
      let whole = try LoadedState.load(partition, log: log, snapshots: MemorySnapshots())
      #expect(short.replayed < whole.replayed)
      // Said as a bool, for a whole state is too much to read.
      let isSame = short.state == whole.state
      #expect(isSame)
    }
    await service.stop()
  }
}

@Suite("a snapshot of a log that was rolled back", .timeLimit(.minutes(30)))
struct StaleSnapshotTests {
  func fill(_ log: MemoryLog, _ snapshots: MemorySnapshots, _ texts: [String]) async throws {
    let service = PartitionService(
      log: log, snapshots: snapshots, clock: fixedClock(), blocking: InlineWork(),
      group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
    _ = try await service.start()
    let answers = Answers()
    for (index, text) in texts.enumerated() {
      _ = try await answers.ask(
        Command(
          stream: .user(bob), actor: Actor(user: bob),
          id: NumberedOrigin(origin: Origin(text.utf8)!, number: UInt64(index + 1)),
          body: .send(message(text))),
        of: service
      ).get()
    }
    await service.stop()
  }

  @Test("is not taken, whether the log has grown past it again or not", arguments: [3, 4, 6])
  func rolledBack(events: Int) async throws {
    let snapshots = MemorySnapshots()
    try await fill(MemoryLog(partitions: 1, readBatchesMax: 3), snapshots, ["a", "b", "c", "d"])
    let other = MemoryLog(partitions: 1, readBatchesMax: 3)
    try await fill(
      other, MemorySnapshots(), Array(["a", "b", "x", "y", "z", "w"].prefix(events)))
    let loaded = try LoadedState.load(PartitionID(0), log: other, snapshots: snapshots)
    #expect(loaded.foundStaleSnapshot)
    #expect(loaded.replayed == events)
    #expect(loaded.state.mailbox(.user(bob))?.head == Seq(UInt64(events)))
  }

  @Test("of its own log is taken")
  func own() async throws {
    let (log, snapshots) = (MemoryLog(partitions: 1, readBatchesMax: 3), MemorySnapshots())
    try await fill(log, snapshots, ["a", "b", "c", "d"])
    let loaded = try LoadedState.load(PartitionID(0), log: log, snapshots: snapshots)
    #expect(!loaded.foundStaleSnapshot && loaded.replayed == 0)
    #expect(loaded.state.mailbox(.user(bob))?.head == Seq(4))
  }
}
