import DaybookModel
import Doubles
import NIOPosix
import Ports
import Testing

@testable import Partitions

@Suite("loading that is told to stop", .timeLimit(.minutes(30)))
struct StoppedLoadingTests {
  private let log = MemoryLog(partitions: 2, readBatchesMax: 3)

  private func service() -> PartitionService {
    PartitionService(
      log: log, snapshots: MemorySnapshots(), clock: fixedClock(), blocking: InlineWork(),
      group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
  }

  /// A batch for each of 40 sends.
  private func fill() async throws {
    let service = service()
    _ = try await service.start()
    let answers = Answers()
    for number in 1...40 {
      _ = try await answers.ask(
        Command(
          stream: .user(bob), actor: Actor(user: bob),
          id: NumberedOrigin(origin: Origin("phone".utf8)!, number: UInt64(number)),
          body: .send(message("\(number)"))),
        of: service
      ).get()
    }
    await service.stop()
  }

  @Test("it reads no further, whatever is left")
  func readsNoFurther() async throws {
    try await fill()
    let partition = StreamKey.user(bob).partition(of: 2)
    var asked = 0
    do throws(DaybookError) {
      _ = try LoadedState.load(partition, log: log, snapshots: MemorySnapshots()) {
        asked += 1
        return asked == 3
      }
      Issue.record("it went on")
    } catch {
      #expect(error.code == .serverStopping)
    }
    #expect(asked == 3)
  }

  @Test("a start ends with it, leaves nothing behind, and the next one has everything")
  func start() async throws {
    try await fill()
    let service = service()
    let error = await #expect(throws: DaybookError.self) {
      _ = try await service.start(isStopping: { true })
    }
    #expect(error?.code == .serverStopping)
    await service.stop()
    let again = self.service()
    let report = try await again.start()
    let events = log.allEvents.reduce(0) { $0 + $1.count }
    #expect(events >= 40 && report.replayed == events)
    await again.stop()
  }
}
