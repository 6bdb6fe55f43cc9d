import DaybookModel
import Doubles
import Mirror
import NIOConcurrencyHelpers
import Testing

@Suite("Two mirrors of a log", .enabled(if: KafkaBroker.isAvailable), .timeLimit(.minutes(10)))
struct TakeoverTests {
  @Test("the one that starts later has the topic, and the other one says so")
  func overtaken() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings { $0.producers = 2 }
    try await world.plan(settings)
    try world.add(200)
    let first = world.mirror(settings)
    try await world.waitUntilMirrored(first)
    let second = world.mirror(settings)
    while second.progress.positions.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    try world.add(200)
    #expect(await first.ended()?.code == .mirrorFenced)
    try await world.waitUntilMirrored(second)
    #expect(await second.stop() == nil)
    #expect(try await world.difference(settings) == nil)
  }

  @Test("of several that start at once one is left, the others say that they were fenced")
  func atOnce() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings { $0.producers = 3 }
    try await world.plan(settings)
    try world.add(300)
    let mirrors = (0..<3).map { _ in world.mirror(settings) }
    let fenced = NIOLockedValueBox(0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for mirror in mirrors {
        group.addTask {
          let error = await mirror.ended()
          if error?.code == .mirrorFenced { fenced.withLockedValue { $0 += 1 } }
        }
      }
      while fenced.withLockedValue({ $0 }) < 2 {
        try world.add(10)
        try await Task.sleep(for: .milliseconds(20))
      }
      let left = try #require(
        mirrors.first { if case .ended = $0.progress.phase { false } else { true } })
      try await world.waitUntilMirrored(left)
      await left.stop()
      try await group.waitForAll()
    }
    #expect(fenced.withLockedValue { $0 } == 2)
    #expect(try await world.difference(settings) == nil)
  }

  @Test("an open transaction of another mirror does not hide what was committed behind it")
  func foreignTransaction() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    let other = try await Blocking.run { [logger = world.recording.logger] in
      let other = try KafkaProducer(
        settings.kafka, transactionalID: "\(settings.topic)-other", logger: logger)
      try other.initTransactions(within: .seconds(30))
      try other.begin()
      let key = Array("other".utf8)
      let fault = key.withUnsafeBytes { key in
        other.send(
          to: settings.offsetsTopic, partition: 0, key: key, value: key, timestampMilliseconds: 1)
      }
      if let fault { throw fault }
      try other.flush(within: .seconds(30))
      return Handed(other)
    }
    try world.add(100)
    // Its claim and its positions lie behind the open transaction.
    let mirror = world.mirror(settings)
    try await Task.sleep(for: .milliseconds(300))
    #expect(mirror.progress.positions.isEmpty)
    try await Blocking.run { try other.value.commit(within: .seconds(30)) }
    try await world.waitUntilMirrored(mirror)
    await mirror.stop()
    #expect(try await world.difference(settings) == nil)
  }
}

/// `@unchecked Sendable`: one thread has it after the other.
private final class Handed<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
