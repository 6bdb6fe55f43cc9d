import DaybookModel
import NIOConcurrencyHelpers
import Ports
import Testing

@Suite("every log writer", .timeLimit(.minutes(30)))
struct LogWriterTests {
  private let partition = WrittenMailbox.partition

  @Test(
    "what it says was committed is what is read, at those offsets",
    arguments: LogKind.allCases)
  func committed(_ kind: LogKind) async throws {
    try await kind.with { log in
      var mailbox = WrittenMailbox()
      try await mailbox.write([2, 17, 1], to: log)
      let told = try mailbox.committed.flatMap { try $0.placed() }
      let start = log.startOffset(of: partition)
      #expect(try log.all(partition, from: start, bytesMax: 1) == told)
      #expect(told.map(\.event) == mailbox.events)
      for (batch, next) in zip(mailbox.committed, mailbox.committed.dropFirst()) {
        #expect(batch.nextOffset <= next.baseOffset)
      }
      #expect(mailbox.committed.last?.nextOffset == log.highWatermark(of: partition))
      #expect(mailbox.committed.allSatisfy { $0.slots?.count == $0.count })
    }
  }

  @Test(
    "answers each append once, in order, and no sooner than it can be read",
    arguments: LogKind.allCases)
  func order(_ kind: LogKind) async throws {
    try await kind.with { log in
      let mailbox = WrittenMailbox()
      let answered = NIOLockedValueBox<[Int]>([])
      let early = NIOLockedValueBox(0)
      let partition = partition
      for number in 1...200 {
        log.append(log.batch([mailbox.message(number)]), to: partition) { result in
          guard case .success(let committed) = result else { return }
          answered.withLockedValue { $0.append(number) }
          if log.highWatermark(of: partition) < committed.nextOffset {
            early.withLockedValue { $0 += 1 }
          }
        }
      }
      // Behind all of them.
      _ = try await log.append([mailbox.message(201)], to: partition)
      #expect(answered.withLockedValue { $0 } == Array(1...200))
      #expect(early.withLockedValue { $0 } == 0)
    }
  }

  @Test(
    "takes batches of several partitions at once, and each is there",
    arguments: LogKind.allCases)
  func together(_ kind: LogKind) async throws {
    try await kind.with { log in
      let mailbox = WrittenMailbox()
      let partitions = [PartitionID(0), PartitionID(1)]
      let answered = NIOLockedValueBox<[PartitionID: [Int]]>([:])
      for number in 1...50 {
        let appends = partitions.map { partition in
          PartitionAppend(partition: partition, batch: log.batch([mailbox.message(number)])) {
            guard case .success = $0 else { return }
            answered.withLockedValue { $0[partition, default: []].append(number) }
          }
        }
        log.append(appends, mayBlock: number % 2 == 0)
      }
      for partition in partitions {
        _ = try await log.append([mailbox.message(51)], to: partition)
        #expect(answered.withLockedValue { $0[partition] } == Array(1...50))
        let events = try log.all(
          partition, from: log.startOffset(of: partition), bytesMax: 1 << 20
        ).map(\.event)
        #expect(events == (1...51).map { mailbox.message($0) })
      }
    }
  }
}
