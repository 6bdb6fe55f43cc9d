import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Testing

@testable import Partitions

@Suite("tokens that are made void")
struct RevokingTests {
  private static let mailbox = StreamKey.user(bob)
  private static let ops = ServiceID(checked: "ops")

  private static func token(_ milliseconds: UInt64, _ id: String = "") -> TokenStamp {
    TokenStamp(issuedAt: Timestamp(milliseconds: milliseconds / 1_000 * 1_000), id: id)
  }

  private func revoke(
    _ desk: inout Desk, device: DeviceID? = nil, _ tokenID: String = "", ofService: Bool = false,
    number: UInt64? = nil
  ) -> Decision {
    desk.decide(
      .revokeTokens(device: device, tokenID: tokenID, ofService: ofService), on: Self.mailbox,
      service: Self.ops, number: number)
  }

  /// Which of bob's tokens is good: of a device, or of the service of that name.
  private func isGood(_ token: TokenStamp, _ device: DeviceID?, _ desk: inout Desk) -> Bool {
    let asked =
      device == nil
      ? desk.decide(
        .checkToken(token), on: Self.mailbox, service: ServiceID(checked: bob.text))
      : desk.decide(.checkToken(token), on: Self.mailbox, by: bob, device: device)
    if let device {
      let opened = desk.decide(
        .openCursor(token: token), on: Self.mailbox, by: bob, device: device)
      #expect(opened.rejection == asked.rejection)
    }
    #expect(asked.rejection == nil || asked.rejection == .tokenRevoked)
    return asked.rejection == nil
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let device: DeviceID?
    let tokenID: String
    let isOfService: Bool
    /// Of old tokens: the phone's `a` and `b`, the laptop's `c`, the service's `d`.
    let good: Set<String>
  }

  private static let rows = [
    Row(
      testDescription: "one token", device: nil, tokenID: "a", isOfService: false,
      good: ["b", "c", "d"]),
    Row(
      testDescription: "a device's", device: phone, tokenID: "", isOfService: false,
      good: ["c", "d"]),
    Row(testDescription: "a user's", device: nil, tokenID: "", isOfService: false, good: ["d"]),
    Row(
      testDescription: "a service's", device: nil, tokenID: "", isOfService: true,
      good: ["a", "b", "c"]),
    Row(
      testDescription: "one of a service", device: nil, tokenID: "d", isOfService: true,
      good: ["a", "b", "c"]),
    Row(
      testDescription: "one of a service by a user's id", device: nil, tokenID: "a",
      isOfService: true, good: ["a", "b", "c", "d"]),
  ]

  private static let tokens: [(String, DeviceID?)] = [
    ("a", phone), ("b", phone), ("c", laptop), ("d", nil),
  ]

  @Test("are those that were meant and no others, and new ones are good", arguments: rows)
  func covered(_ row: Row) throws {
    var desk = Desk()
    let old = desk.now.milliseconds
    desk.wait(milliseconds: 5_500)
    let event = try #require(
      revoke(&desk, device: row.device, row.tokenID, ofService: row.isOfService).event)
    #expect(event.seq == Seq(1) && event.kind == .tokensRevoked)
    #expect(event.actor == Actor(service: Self.ops))
    #expect(
      event.body
        == .tokensRevoked(
          Revocation(
            device: row.device, tokenID: row.tokenID,
            issuedUntil: row.tokenID.isEmpty ? desk.now : .none, isOfService: row.isOfService)))
    let until = desk.now.milliseconds
    desk.wait(milliseconds: 10_000)
    for (id, device) in Self.tokens {
      #expect(
        isGood(Self.token(old, id), device, &desk) == row.good.contains(id), "\(id)")
      // Of the second in which it was done, and of the next.
      #expect(
        isGood(Self.token(until, id), device, &desk) == row.good.contains(id), "\(id)")
      let isOne = !row.tokenID.isEmpty && !row.good.contains(id)
      #expect(isGood(Self.token(until + 1_000, id), device, &desk) != isOne, "\(id)")
      #expect(
        isGood(Self.token(until + 1_000, "new"), device, &desk), "\(id)")
      // Whoever says not when it was made.
      #expect(
        isGood(TokenStamp(issuedAt: .none, id: id), device, &desk) == row.good.contains(id))
    }
  }

  @Test("are void once: what covers nothing new is noted, and a retry gets its first answer")
  func again() throws {
    var desk = Desk()
    desk.now = Timestamp(milliseconds: start.milliseconds / 1_000 * 1_000)
    let first = revoke(&desk, "a", number: 1)
    #expect(first.event?.kind == .tokensRevoked)
    let retried = try #require(revoke(&desk, "a", number: 1).outcome)
    #expect(try retried.result().repeated)
    #expect(revoke(&desk, "b", number: 1).rejection == .numberConflict)
    #expect(revoke(&desk, device: phone, number: 1).rejection == .numberConflict)
    #expect(revoke(&desk, "a", ofService: true, number: 1).rejection == .numberConflict)
    desk.number = 10
    #expect(revoke(&desk, "a").event?.kind == .noted)
    #expect(revoke(&desk, device: phone).event?.kind == .tokensRevoked)
    // No token can say that it was made within the second.
    desk.wait(milliseconds: 999)
    #expect(revoke(&desk, device: phone).event?.kind == .noted)
    desk.wait(milliseconds: 1)
    #expect(revoke(&desk, device: phone).event?.kind == .tokensRevoked)
    #expect(revoke(&desk).event?.kind == .tokensRevoked)
    #expect(revoke(&desk, device: laptop).event?.kind == .noted)
    #expect(revoke(&desk, ofService: true).event?.kind == .tokensRevoked)
  }

  @Test("are made so by a service that acts for nobody, in a mailbox")
  func permitted() {
    var desk = Desk()
    let body = Command.Body.revokeTokens(device: nil, tokenID: "", ofService: false)
    #expect(desk.refusal(body, on: Self.mailbox, by: bob, device: phone) == .notPermitted)
    #expect(
      desk.decide(body, on: Self.mailbox, by: bob, service: Self.ops).rejection == .notPermitted)
    desk.done(.createGroup(GroupSettings(title: "")), on: .group(ubuntu), by: bob)
    #expect(desk.decide(body, on: .group(ubuntu), service: Self.ops).rejection != nil)
  }

  @Test(
    "are listed by name up to a limit, which is each holder's own; that all are void needs no list")
  func limit() throws {
    var desk = Desk()
    for number in 1..<Limits.revocationsMax { _ = revoke(&desk, "t\(number)") }
    #expect(revoke(&desk, device: phone).event?.kind == .tokensRevoked)
    let refused = revoke(&desk, "one more")
    #expect(refused.rejection == .tooManyRevocations)
    #expect(revoke(&desk, device: laptop).rejection == .tooManyRevocations)
    // It has its place already.
    desk.wait(milliseconds: 2_000)
    #expect(revoke(&desk, device: phone).event?.kind == .tokensRevoked)
    #expect(revoke(&desk, "one more", ofService: true).event?.kind == .tokensRevoked)
    #expect(revoke(&desk).event?.kind == .tokensRevoked)
    let mailbox = try #require(desk.state.mailbox(Self.mailbox))
    #expect(mailbox.revocations.entries.count == 2)
    #expect(!isGood(Self.token(start.milliseconds, "t5"), phone, &desk))
    #expect(revoke(&desk, "one more").event?.kind == .tokensRevoked)
  }

  @Test("are what a snapshot and a replay of the log say as well")
  func kept() throws {
    var desk = Desk()
    for id in ["a", "b"] { _ = revoke(&desk, id) }
    _ = revoke(&desk, device: phone)
    _ = revoke(&desk, "s", ofService: true)
    desk.wait(milliseconds: 3_000)
    _ = revoke(&desk, device: phone)
    _ = revoke(&desk, ofService: true)
    _ = revoke(&desk, "c")
    var replayed = PartitionState(partition: desk.state.partition)
    for event in desk.logged { replayed.evolve(event) }
    let mailbox = try #require(desk.state.mailbox(Self.mailbox))
    #expect(replayed.mailbox(Self.mailbox)?.revocations == mailbox.revocations)
    let bytes = try SnapshotCoding.encode(desk.state, logID: "log", relayedThrough: .zero)
    let read = try #require(
      SnapshotCoding.decode(bytes, partition: desk.state.partition, logID: "log"))
    #expect(read.state.mailbox(Self.mailbox) == mailbox)
    #expect(mailbox.revocations.entries.map(\.tokenID) == ["a", "b", "", "", "c"])
  }

  @Test("are asked about without anything being logged, and a refused opening opens nothing")
  func asking() {
    var desk = Desk()
    let token = Self.token(start.milliseconds, "a")
    #expect(isGood(token, laptop, &desk))
    let before = desk.logged.count
    _ = revoke(&desk)
    #expect(
      desk.refusal(.openCursor(token: token), on: Self.mailbox, by: bob, device: phone)
        == .tokenRevoked)
    #expect(
      desk.refusal(.checkToken(token), on: Self.mailbox, by: bob, device: laptop)
        == .tokenRevoked)
    #expect(desk.logged.count == before + 1)
    #expect(desk.state.mailbox(Self.mailbox)?.devices.map(\.device) == [laptop])
  }
}
