import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("memory of queries")
struct QueryBudgetTests {
  /// Keeps the leases that came later, by the name of who waited.
  private final class Waiting: Sendable {
    private let leases = NIOLockedValueBox<[(String, QueryLease)]>([])

    var names: [String] { leases.withLockedValue { $0.map(\.0) } }

    /// True if it had to wait.
    func take(_ bytes: Int, _ name: String, of budget: QueryBudget) -> UInt64? {
      let turn = budget.take(bytes) { lease in
        self.leases.withLockedValue { $0.append((name, lease)) }
      }
      switch turn {
      case .now(let lease):
        leases.withLockedValue { $0.append((name, lease)) }
        return nil
      case .later(let ticket): return ticket
      }
    }

    func end(_ name: String) {
      let ended = leases.withLockedValue { leases in
        let at = leases.firstIndex { $0.0 == name }!
        return leases.remove(at: at).1
      }
      _ = consume ended
    }

    func shrink(_ name: String, to bytes: Int) {
      leases.withLockedValue { $0.first { $0.0 == name }!.1 }.shrink(to: bytes)
    }
  }

  @Test("who finds no room waits, and turns come in the order of asking")
  func turns() {
    let budget = QueryBudget(bytesMax: 100)
    let waiting = Waiting()
    #expect(waiting.take(60, "a", of: budget) == nil)
    #expect(waiting.take(60, "b", of: budget) != nil)
    // There would be room, but not before who came first.
    #expect(waiting.take(10, "c", of: budget) != nil)
    #expect(budget.isContended && budget.used == 60)
    waiting.end("a")
    #expect(waiting.names == ["b", "c"])
    #expect(budget.used == 70 && !budget.isContended)
    waiting.end("b")
    waiting.end("c")
    #expect(budget.used == 0)
  }

  @Test("a lease that shrinks makes room, and one of more than everything goes alone")
  func sizes() {
    let budget = QueryBudget(bytesMax: 100)
    let waiting = Waiting()
    #expect(waiting.take(500, "large", of: budget) == nil)
    #expect(waiting.take(50, "small", of: budget) != nil)
    waiting.shrink("large", to: 60)
    #expect(waiting.names == ["large"])
    waiting.shrink("large", to: 50)
    #expect(waiting.names == ["large", "small"] && budget.used == 100)
  }

  @Test("who waits no longer is passed over, and does not hold up those behind")
  func withdrawn() throws {
    let budget = QueryBudget(bytesMax: 100)
    let waiting = Waiting()
    #expect(waiting.take(60, "a", of: budget) == nil)
    let ticket = try #require(waiting.take(60, "b", of: budget))
    #expect(waiting.take(40, "c", of: budget) != nil)
    #expect(budget.withdraw(ticket))
    #expect(waiting.names == ["a", "c"])
    #expect(!budget.withdraw(ticket))
  }

  private static let fetch = Daybook_V1_FetchRequest.with { $0.stream = "user/bob" }

  /// Once this many queries wait for their pages.
  private func pagesHeld(_ count: Int, _ daybook: MemoryDaybook) async throws {
    while daybook.state.withLockedValue({ $0.heldPages.count }) < count {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  @Test("of a session's queries only as many run as its memory has room for; all are answered")
  func session() async throws {
    try await GatewayFixture.run { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      _ = try await bob.send("note", to: "user/bob", number: 1)
      fixture.daybook.state.withLockedValue { $0.holdsPages = true }
      var asked: Set<UInt32> = []
      for _ in 0..<32 { asked.insert(try await bob.say(.fetch, QueryBudgetTests.fetch)) }
      let running = GatewayOptions().sessionQueryBytesMax / (4 * Limits.pageBytesMax)
      try await pagesHeld(running, fixture.daybook)
      _ = try await bob.fence()
      #expect(fixture.daybook.state.withLockedValue { $0.heldPages.count } == running)
      fixture.daybook.releasePages()
      while !asked.isEmpty {
        let frame = try await bob.next()
        if frame.type == .fetch.reply { asked.remove(frame.sequence) }
      }
    }
  }

  @Test("a query that waits for room too long is refused for now, and the next one is answered")
  func tooLong() async throws {
    var options = GatewayOptions.patient
    options.queryBytesMax = 1
    options.queryWait = .milliseconds(1)
    try await GatewayFixture.run(options) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      _ = try await bob.send("note", to: "user/bob", number: 1)
      let (other, _) = try await fixture.live("bob:laptop")
      fixture.daybook.state.withLockedValue { $0.holdsPages = true }
      let held = try await bob.say(.fetch, QueryBudgetTests.fetch)
      try await pagesHeld(1, fixture.daybook)
      #expect(try await other.error(.fetch, QueryBudgetTests.fetch) == .overloaded)
      fixture.daybook.releasePages()
      while try await bob.next().sequence != held {}
      // The loop gives back what the reply took as soon as it is written.
      while true {
        let frame = try await other.ask(.fetch, QueryBudgetTests.fetch)
        if frame.type == .fetch.reply { return }
      }
    }
  }
}
