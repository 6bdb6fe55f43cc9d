import DaybookModel
import DaybookSchema
import Doubles
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Partitions
import Ports
import Projections
import Testing

/// Owners over some log, with the read side beside them, and one who asks both.
private final class Owners: CommandReceiver {
  struct Answered: Sendable {
    let token: UInt64
    let outcome: Result<CommandOutcome, DaybookError>
    let covering: ReadToken?
  }

  let log: any WholeLog
  let service: PartitionService
  private let answers = NIOLockedValueBox<[Answered]>([])
  private let folder = FileManager.default.temporaryDirectory.appending(
    path: "daybook-claims-\(UUID().uuidString)")
  private let runtime: ProjectionRuntime

  init(_ log: any WholeLog) {
    self.log = log
    let clock = SettableClock(Timestamp(milliseconds: MessageID.zeroMilliseconds + 1_000))
    service = PartitionService(
      log: log, snapshots: MemorySnapshots(), clock: clock, blocking: InlineWork(),
      group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    runtime = ProjectionRuntime(log: log, folder: folder.path, logger: .silent)
  }

  func run(_ body: () async throws -> Void) async throws {
    runtime.start()
    service.subscribe(runtime)
    _ = try await service.start()
    let result: Result<Void, any Error>
    do {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    await service.stop()
    await runtime.stop()
    try? FileManager.default.removeItem(at: folder)
    try result.get()
  }

  func queries(timeout: Duration) -> QueryService {
    QueryService(
      log: log, folder: folder.path, clock: SettableClock(), runtime: runtime, relay: service,
      timeout: timeout, threads: ThreadWork())
  }

  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    self.answers.withLockedValue { all in
      all += answers.map {
        Answered(token: $0.token, outcome: $0.outcome, covering: token)
      }
    }
  }

  /// All that has come, once there are so many.
  func answered(_ count: Int) async throws -> [Answered] {
    while answers.withLockedValue({ $0.count }) < count {
      try await Task.sleep(for: .milliseconds(1))
    }
    return answers.withLockedValue { $0 }
  }

  func submit(_ commands: [Command]) {
    for (index, command) in commands.enumerated() {
      service.submit(
        [PendingCommand(command, receiver: self, token: UInt64(index))],
        to: command.stream.partition(of: service.partitionCount))
    }
  }
}

/// Notes the batches that it is told of.
private final class Told: BatchConsumer {
  private let state = NIOLockedValueBox<(batches: [CommittedBatch], interrupted: [PartitionID])>(
    ([], []))

  var batches: [CommittedBatch] { state.withLockedValue { $0.batches } }
  var interrupted: [PartitionID] { state.withLockedValue { $0.interrupted } }

  func committed(_ batch: CommittedBatch) { state.withLockedValue { $0.batches.append(batch) } }

  func interrupted(_ partition: PartitionID) {
    state.withLockedValue { $0.interrupted.append(partition) }
  }
}

@Suite("the owners of every log", .timeLimit(.minutes(30)))
struct CommandsTests {
  private let alice = UserID(checked: "alice")
  /// Whose mailbox is not in alice's partition.
  private let bob = ["bob", "carol", "dave", "erin"].map { UserID(checked: $0) }.first {
    StreamKey.user($0).partition(of: 2) != StreamKey.user(UserID(checked: "alice")).partition(of: 2)
  }!

  private func send(_ number: UInt64) -> Command {
    Command(
      stream: .user(bob), actor: Actor(user: alice),
      id: NumberedOrigin(origin: Origin("claims".utf8)!, number: number),
      body: .send(Message(content: ContentCoding.text("\(number)"))))
  }

  @Test(
    "answer each command once, in order, and no sooner than what it did can be read",
    arguments: LogKind.allCases)
  func answers(_ kind: LogKind) async throws {
    try await kind.with { log in
      let owners = Owners(log)
      try await owners.run {
        owners.submit((1...100).map { send($0) })
        let answered = try await owners.answered(100)
        #expect(answered.map(\.token) == Array(0..<100))
        for (index, answer) in answered.enumerated() {
          #expect(try answer.outcome.get().result().seq == Seq(UInt64(index + 1)))
          let token = try #require(answer.covering)
          #expect(token.partition == StreamKey.user(bob).partition(of: 2))
          #expect(log.highWatermark(of: token.partition) >= token.next)
        }
      }
    }
  }

  @Test(
    "tell who has subscribed of each batch, in order, and of nothing else",
    arguments: LogKind.allCases)
  func told(_ kind: LogKind) async throws {
    try await kind.with { log in
      let owners = Owners(log)
      let told = Told()
      owners.service.subscribe(told)
      try await owners.run {
        owners.submit((1...100).map { send($0) })
        _ = try await owners.answered(100)
      }
      for index in 0..<2 {
        let partition = PartitionID(index)
        let events = try told.batches.filter { $0.partition == partition }
          .flatMap { try $0.placed() }
        #expect(
          try events == log.all(partition, from: log.startOffset(of: partition), bytesMax: 1 << 20))
      }
      #expect(told.interrupted.isEmpty)
    }
  }

  @Test(
    "who asks under an answer's token reads what was written, also what the relay brings",
    arguments: LogKind.allCases)
  func readTokens(_ kind: LogKind) async throws {
    try await kind.with { log in
      let owners = Owners(log)
      try await owners.run {
        let queries = owners.queries(timeout: .seconds(300))
        defer { queries.stop() }
        let own = ConversationKey(mailbox: alice, peer: bob)
        for number in 1...20 as ClosedRange<UInt64> {
          owners.submit([send(number)])
          let answered = try await owners.answered(Int(number))
          try await queries.waitUntil(covering: try #require(answered.last?.covering))
          let page = try await queries.history(
            of: own, before: nil, limit: 100, bytesMax: 1 << 20, visible: nil, through: nil,
            reader: alice)
          #expect(page.messages.count == Int(number))
        }
      }
    }
  }

  @Test("a token of what isn't there yet is waited for, and then refused as behind")
  func tooEarly() async throws {
    let owners = Owners(MemoryLog(partitions: 2))
    try await owners.run {
      let queries = owners.queries(timeout: .milliseconds(20))
      defer { queries.stop() }
      for (partition, code) in [(0, ErrorCode.projectionBehind), (9, .invalidRequest)] {
        let token = ReadToken(partition: PartitionID(partition), next: Offset(1))
        let error = await #expect(throws: DaybookError.self) {
          try await queries.waitUntil(covering: token)
        }
        #expect(error?.code == code)
      }
    }
  }

  @Test("what was reported as failed and is durable is told of as an interruption")
  func interrupted() async throws {
    let log = MemoryLog(partitions: 2)
    let owners = Owners(log)
    let told = Told()
    owners.service.subscribe(told)
    let mailbox = StreamKey.user(bob).partition(of: 2)
    try await owners.run {
      log.fail(.answer, in: mailbox, with: DaybookError(.storageFull, "told to be"), times: 1)
      owners.submit([send(1)])
      let failed = try await owners.answered(1)
      #expect(throws: DaybookError.self) { try failed[0].outcome.get() }
      while told.interrupted.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
      #expect(told.interrupted == [mailbox] && told.batches.isEmpty)
    }
  }
}
