import DaybookModel
import NIOConcurrencyHelpers
import Testing

@testable import Gateway

@Suite("counting who is online in a group")
struct FollowerCountTests {
  private let counts = FollowerCounts()
  private let asked = NIOLockedValueBox(0)
  private let group = StreamKey(checked: "group/g")!

  private func count(_ online: Int, at milliseconds: UInt64) async -> Int {
    let now = Timestamp(milliseconds: milliseconds)
    return await counts.count(of: group, now: now, on: globalConcurrentExecutor) { [asked] in
      asked.withLockedValue { $0 += 1 }
      return online
    }
  }

  @Test("a small group is counted each time, a large one not again for two seconds")
  func kept() async {
    #expect(await count(999, at: 0) == 999)
    #expect(await count(1_000, at: 0) == 1_000)
    #expect(await count(5, at: 1_999) == 1_000)
    #expect(await count(5, at: 2_000) == 5)
    #expect(await count(6, at: 2_000) == 6)
    #expect(asked.withLockedValue { $0 } == 4)
  }
}
