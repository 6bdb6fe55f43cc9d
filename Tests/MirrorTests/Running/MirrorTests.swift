import DaybookModel
import Doubles
import Mirror
import NIOConcurrencyHelpers
import Testing

@Suite("A mirror", .enabled(if: KafkaBroker.isAvailable), .timeLimit(.minutes(10)))
struct MirrorTests {
  @Test("every event is there once, in order, its bytes unchanged, and the positions say so")
  func once() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(500)
    try await world.catchUp(settings)
    #expect(try await world.difference(settings) == nil)
    let (claim, positions) = try await world.positions(settings)
    #expect(claim?.source == LogSource(logID: "memory", branchID: "branch", partitionCount: 3))
    #expect(claim?.delivery == .exactlyOnce && claim?.producers == 1)
    for (partition, position) in positions {
      #expect(position.next == world.log.highWatermark(of: partition))
      var digest = ChainedDigest.start
      for found in try world.expected()[partition.index] {
        found.value.withUnsafeBytes { digest.add($0) }
      }
      #expect(position.digest == digest && position.start == .zero)
    }
    #expect(positions.count == 3)
  }

  @Test("it goes on where it was, and follows what is logged meanwhile")
  func goesOn() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(120)
    try await world.catchUp(settings)
    let mirror = world.mirror(settings)
    for _ in 0..<5 {
      try world.add(77)
      try await world.waitUntilMirrored(mirror)
    }
    #expect(await mirror.stop() == nil)
    try world.add(30)
    try await world.catchUp(settings)
    #expect(try await world.difference(settings) == nil)
  }

  @Test(
    "producers may be more or fewer than before",
    arguments: [[1, 3, 2], [3, 1, 4], [2, 2, 1]])
  func producers(numbers: [Int]) async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    for number in numbers {
      try world.add(100)
      try await world.catchUp(try world.settings { $0.producers = number })
      #expect(try await world.positions(settings).0?.producers == number)
    }
    #expect(try await world.difference(settings) == nil)
  }
}
