import DaybookModel
import Ports
import Testing

@Suite("every log feed", .timeLimit(.minutes(30)))
struct LogFeedTests {
  private let partition = WrittenMailbox.partition

  @Test(
    "gives everything from its start on, once, in order, whatever is read at a time",
    arguments: LogKind.allCases)
  func everything(_ kind: LogKind) async throws {
    try await kind.with { log in
      var mailbox = WrittenMailbox()
      try await mailbox.write([1, 40, 3, 200, 7], to: log)
      for bytesMax in [1, 3_000, 1 << 20] {
        let all = try log.all(partition, from: log.startOffset(of: partition), bytesMax: bytesMax)
        #expect(all.map(\.event) == mailbox.events)
      }
    }
  }

  @Test("offsets rise within a batch and from one to the next", arguments: LogKind.allCases)
  func rising(_ kind: LogKind) async throws {
    try await kind.with { log in
      var mailbox = WrittenMailbox()
      try await mailbox.write([5, 1, 30, 2], to: log)
      let start = log.startOffset(of: partition)
      let offsets = try log.all(partition, from: start, bytesMax: 1).map(\.offset)
      #expect(zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 })
      #expect(try #require(offsets.first) >= start)
      #expect(try #require(offsets.last) < log.highWatermark(of: partition))
    }
  }

  @Test(
    "read from any offset begins with the batch that holds it, or the first behind it",
    arguments: LogKind.allCases)
  func anywhere(_ kind: LogKind) async throws {
    try await kind.with { log in
      var mailbox = WrittenMailbox()
      try await mailbox.write([4, 9, 1, 25], to: log)
      let start = log.startOffset(of: partition)
      let all = try log.all(partition, from: start, bytesMax: 1 << 20)
      let head = log.highWatermark(of: partition)
      for offset in start.rawValue..<head.rawValue {
        let chunk = try log.read(partition, from: Offset(offset), bytesMax: 1)
        let batch = try #require(chunk.batches.first, "at \(offset)")
        #expect(batch.nextOffset > Offset(offset))
        #expect(chunk.next >= batch.nextOffset)
        let first = try #require(all.first { $0.offset >= Offset(offset) })
        let index = try #require(
          (0..<batch.count).first { batch.offset(of: $0) >= Offset(offset) })
        #expect(batch.offset(of: index) == first.offset)
        #expect(try batch.placed()[index] == first)
      }
    }
  }

  @Test(
    "at the high watermark there is nothing, and what is past it or below the start is refused",
    arguments: LogKind.allCases)
  func ends(_ kind: LogKind) async throws {
    try await kind.with { log in
      for sizes in [[], [3, 4]] {
        var mailbox = WrittenMailbox()
        try await mailbox.write(sizes, to: log)
        let head = log.highWatermark(of: partition)
        let chunk = try log.read(partition, from: head, bytesMax: 1)
        #expect(chunk.batches.isEmpty && chunk.next == head)
        #expect(
          code { _ = try log.read(partition, from: head.advanced(by: 1), bytesMax: 1) }
            == .offsetOutOfRange)
      }
      let start = log.startOffset(of: partition)
      guard start > .zero else { return }
      #expect(
        code { _ = try log.read(partition, from: start.advanced(by: -1), bytesMax: 1) }
          == .truncated)
      #expect(code { _ = try log.read(partition, from: .zero, bytesMax: 1) } == .truncated)
    }
  }

  @Test("partitions are apart", arguments: LogKind.allCases)
  func partitions(_ kind: LogKind) async throws {
    try await kind.with { log in
      var mailbox = WrittenMailbox()
      try await mailbox.write([3], to: log)
      let other = PartitionID(0)
      #expect(log.startOffset(of: other) == log.highWatermark(of: other))
      #expect(log.partitionCount == 2)
    }
  }

  @Test(
    "who waits is given what is appended meanwhile, and nothing where nothing comes",
    arguments: LogKind.allCases)
  func waiting(_ kind: LogKind) async throws {
    try await kind.with { log in
      let head = log.highWatermark(of: partition)
      let nothing = try log.read(partition, from: head, bytesMax: 1, wait: .milliseconds(5))
      #expect(nothing.batches.isEmpty && nothing.next == head)
      let partition = partition
      let waiter = Task.detached {
        try log.read(partition, from: head, bytesMax: 1, wait: .seconds(60))
      }
      var mailbox = WrittenMailbox()
      try await mailbox.write([2], to: log)
      let found = try await waiter.value
      #expect(try found.batches.flatMap { try $0.placed() }.map(\.event) == mailbox.events)
    }
  }
}
