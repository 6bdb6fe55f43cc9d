import DaybookFeed
import DaybookModel
import DaybookSDK
import Doubles
import Ports
import Testing

@Suite("positions of feeds", .timeLimit(.minutes(30)))
struct PositionTests {
  private func code(_ ask: () async throws -> Void) async -> ClientError.Code? {
    do {
      try await ask()
      return nil
    } catch let error as ClientError {
      return error.code
    } catch {
      return nil
    }
  }

  @Test("are kept under names, found again, and deleted")
  func names() async throws {
    let log = MemoryLog(partitions: 3)
    log.append(Sample.events(100))
    let following = try await Following(log)
    let client = try following.client()
    #expect(await code { _ = try await client.position("report") } == .positionNotFound)
    let position = try #require(try await following.items().first?.position)
    try await client.save(position, as: "report")
    #expect(try await client.position("report") == position)
    #expect(try await client.positions() == ["report": position])
    let rest = try await following.events(from: .named("report"))
    #expect(rest.asLogged == (try await following.events(from: .position(position))).asLogged)
    #expect(await code { try await client.save(position, as: "a/b") } == .invalidID)
    #expect(try await client.deletePosition("report"))
    #expect(try await !client.deletePosition("report"))
    #expect(
      await code { _ = try await following.events(from: .named("report")) } == .positionNotFound)
    await client.close()
    await following.stop()
  }

  @Test("stand as text, and come back the same")
  func text() async throws {
    let log = MemoryLog(partitions: 3)
    log.append(Sample.events(100))
    let following = try await Following(log)
    for item in try await following.items() {
      let text = item.position.description
      #expect(text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
      #expect(try FeedPosition(text: text) == item.position)
    }
    #expect(throws: ClientError.self) { try FeedPosition(text: "no position!") }
    await following.stop()
  }

  @Test("of another log, another copy, and past the log's end are refused, each by its name")
  func foreign() async throws {
    let log = MemoryLog(partitions: 3)
    log.append(Sample.events(100))
    let first = try await Following(log)
    let position = try #require(try await first.items().last?.position)
    let others: [(MemoryLog, ClientError.Code)] = [
      (MemoryLog(partitions: 3, logID: "another"), .positionOfAnother),
      (MemoryLog(partitions: 3, branchID: "restored"), .positionOfAnother),
      (MemoryLog(partitions: 3), .logRolledBack),
      (MemoryLog(partitions: 4), .invalidRequest),
    ]
    for (other, wanted) in others {
      let following = try await Following(other)
      #expect(await code { _ = try await following.events(from: .position(position)) } == wanted)
      let client = try following.client()
      #expect(await code { try await client.save(position, as: "p") } == wanted)
      await client.close()
      await following.stop()
    }
    #expect(
      await code { _ = try await first.events(from: .position(FeedPosition(bytes: [1, 2, 3]))) }
        == .invalidRequest)
    await first.stop()
  }

  @Test("below what is kept are truncated")
  func truncated() async throws {
    let whole = MemoryLog(partitions: 1)
    whole.append(Sample.events(10))
    let before = try await Following(whole)
    let position = try #require(try await before.items().last?.position)
    await before.stop()
    let cut = MemoryLog(partitions: 1, offsets: .from1000)
    cut.append(Sample.events(10))
    let following = try await Following(cut)
    #expect(await code { _ = try await following.events(from: .position(position)) } == .truncated)
    #expect(try await following.events(from: .offset(3)).count == 10)
    await following.stop()
  }

  @Test("only services are let in, until their tokens end")
  func tokens() async throws {
    let log = MemoryLog(partitions: 1)
    log.append(Sample.events(10))
    let following = try await Following(log)
    for (token, wanted) in [
      ("a device's", ClientError.Code.notPermitted), ("rubbish", .invalidToken),
      ("", .invalidToken),
    ] {
      let client = try following.client(token)
      #expect(await code { _ = try await client.describe() } == wanted)
      #expect(await code { try await client.follow(from: .beginning) { _ in } } == wanted)
      await client.close()
    }
    let client = try following.client()
    let description = try await client.describe()
    #expect(description.logID == log.logID && description.partitions.map(\.head) == [10])
    following.clock.set(Timestamp(milliseconds: 2_000_000))
    #expect(await code { try await client.follow(from: .beginning) { _ in } } == .expiredToken)
    await client.close()
    await following.stop()
  }

  @Test("what is asked wrongly is named")
  func wrong() async throws {
    let following = try await Following()
    func asked(_ change: (inout FeedSelection) -> Void) async -> ClientError.Code? {
      var selection = FeedSelection()
      change(&selection)
      let selected = selection
      return await code { _ = try await following.events(selected) }
    }
    #expect(await asked { $0.streams = ["alice"] } == .invalidID)
    #expect(await asked { $0.partitions = [3] } == .invalidArgument)
    #expect(await asked { $0.kinds = ["message_snet"] } == .invalidArgument)
    await following.stop()
  }
}
