import DaybookModel
import NIOConcurrencyHelpers
import Testing

@testable import Gateway

@Suite("counting who is online in a group")
struct FollowerCountTests {
  private let counts = FollowerCounts()
  private let asked = NIOLockedValueBox(0)
  private let group = StreamKey(checked: "group/g")!

  private func count(_ online: Int, at milliseconds: UInt64) async throws -> Int {
    let now = Timestamp(milliseconds: milliseconds)
    return try await counts.count(of: group, now: now, on: globalConcurrentExecutor) { [asked] in
      asked.withLockedValue { $0 += 1 }
      return online
    }
  }

  @Test("a small group is counted each time, a large one not again for two seconds")
  func kept() async throws {
    #expect(try await count(999, at: 0) == 999)
    #expect(try await count(1_000, at: 0) == 1_000)
    #expect(try await count(5, at: 1_999) == 1_000)
    #expect(try await count(5, at: 2_000) == 5)
    #expect(try await count(6, at: 2_000) == 6)
    #expect(asked.withLockedValue { $0 } == 4)
  }

  @Test("a count that failed is made again")
  func failed() async throws {
    await #expect(throws: DaybookError.self) {
      try await counts.count(of: group, now: .none, on: globalConcurrentExecutor) {
        throw DaybookError(.overloaded, "no")
      }
    }
    #expect(try await count(3, at: 0) == 3)
  }
}
