import DaybookModel
import DaybookSchema
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

private func at(_ milliseconds: UInt64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

@Suite("a token bucket") struct TokenBucketTests {
  private let rate = Rate(perSecond: 2, burst: 3)

  @Test("gives its burst at once, then as fast as it fills, and says when")
  func pace() {
    var bucket = TokenBucket(rate, now: at(1_000))
    for _ in 0..<3 { #expect(bucket.take(rate, now: at(1_000)) == nil) }
    #expect(bucket.take(rate, now: at(1_000)) == .milliseconds(500))
    #expect(bucket.take(rate, now: at(1_400)) == .milliseconds(100))
    #expect(bucket.take(rate, now: at(1_500)) == nil)
    #expect(bucket.take(rate, now: at(1_500)) == .milliseconds(500))
    // No more than the burst gathers.
    for _ in 0..<3 { #expect(bucket.take(rate, now: at(900_000)) == nil) }
    #expect(bucket.take(rate, now: at(900_000)) != nil)
  }

  @Test("lets what is larger than the burst pass once it is full, and has it paid")
  func large() {
    var bucket = TokenBucket(rate, now: at(0))
    #expect(bucket.take(rate, 7, now: at(0)) == nil)
    #expect(bucket.take(rate, 1, now: at(2_000)) == .milliseconds(500))
    let full = [3_000, 3_500].map { bucket.isFull(rate, now: at($0)) }
    #expect(full == [false, true])
  }

  @Test("takes a clock that goes back for one that stands")
  func backwards() {
    var bucket = TokenBucket(rate, now: at(10_000))
    for _ in 0..<3 { #expect(bucket.take(rate, now: at(9_000)) == nil) }
    #expect(bucket.take(rate, now: at(10_000)) == .milliseconds(500))
  }
}

@Suite("what one address may do") struct AddressLimitsTests {
  private func limits() -> RateLimits {
    var limits = RateLimits()
    limits.connectsPerAddress = Rate(perSecond: 1, burst: 2)
    limits.failedTokensPerAddress = Rate(perSecond: 0.1, burst: 3)
    return limits
  }

  @Test("one that opens too many connections is refused, and told for how long; others are not")
  func connects() throws {
    let addresses = AddressLimits(limits())
    for _ in 0..<2 { #expect(addresses.knock(from: "10.0.0.1", now: at(0)) == nil) }
    let error = try #require(addresses.knock(from: "10.0.0.1", now: at(0)))
    #expect(error.code == .overloaded && error.retryAfter == .milliseconds(1_000))
    #expect(addresses.knock(from: "10.0.0.2", now: at(0)) == nil)
    #expect(addresses.knock(from: "10.0.0.1", now: at(1_000)) == nil)
  }

  @Test(
    "one whose tokens keep failing is refused, each time for twice as long, and is let in by hand")
  func failing() throws {
    let addresses = AddressLimits(limits())
    for _ in 0..<3 { #expect(!addresses.tokenFailed(from: "a", now: at(0))) }
    #expect(addresses.tokenFailed(from: "a", now: at(0)))
    #expect(addresses.refused(now: at(0)).map(\.address) == ["a"])
    #expect(addresses.refused(now: at(0)).map(\.failures) == [4])
    let error = try #require(addresses.knock(from: "a", now: at(20_000)))
    #expect(error.retryAfter == .milliseconds(40_000))
    // Failures while it is refused make no other refusal.
    #expect(!addresses.tokenFailed(from: "a", now: at(20_000)))
    #expect(addresses.knock(from: "a", now: at(60_000)) == nil)
    #expect(addresses.refused(now: at(60_000)).isEmpty)
    while !addresses.tokenFailed(from: "a", now: at(60_000)) {}
    #expect(addresses.refused(now: at(60_000)).map(\.refusedFor) == [.milliseconds(120_000)])
    #expect(addresses.lift("a", now: at(61_000)))
    #expect(!addresses.lift("a", now: at(61_000)))
    #expect(addresses.knock(from: "a", now: at(61_000)) == nil)
  }

  @Test("what is remembered is bounded, and who is refused is not forgotten for who is not")
  func bounded() {
    let addresses = AddressLimits(limits())
    while !addresses.tokenFailed(from: "bad", now: at(0)) {}
    for number in 0..<(AddressLimits.entriesMax + 10) {
      _ = addresses.knock(from: "\(number)", now: at(0))
    }
    #expect(addresses.refused(now: at(0)).map(\.address) == ["bad"])
    // As soon as nothing bad is left of them, all of those are forgotten.
    _ = addresses.knock(from: "one more", now: at(30_000))
    #expect(addresses.knock(from: "one more", now: at(30_000)) == nil)
  }

  @Test("the server's own machine is never refused for its tokens, and any other is")
  func loopback() {
    let addresses = AddressLimits(limits())
    for address in ["127.0.0.1", "127.3.2.1", "0:0:0:0::/64"] {
      for _ in 0..<100 { #expect(!addresses.tokenFailed(from: address, now: at(0))) }
    }
    for address in ["128.0.0.1", "12.7.0.1", "0:0:0:1::/64", ""] {
      while !addresses.tokenFailed(from: address, now: at(0)) {}
    }
    #expect(addresses.refused(now: at(0)).count == 4)
  }

  @Test("nothing is limited unless it is said")
  func unlimited() {
    let addresses = AddressLimits(RateLimits())
    for _ in 0..<10_000 {
      #expect(addresses.knock(from: "a", now: at(0)) == nil)
      #expect(!addresses.tokenFailed(from: "a", now: at(0)))
    }
    addresses.change(to: limits())
    for _ in 0..<2 { #expect(addresses.knock(from: "a", now: at(0)) == nil) }
    #expect(addresses.knock(from: "a", now: at(0)) != nil)
  }
}

@Suite("what one user may do") struct UserRatesTests {
  private let alice = try! UserID("alice")
  private let bob = try! UserID("bob")

  @Test(
    "sends and questions are counted apart, for each user apart, and the refusal says until when")
  func apart() throws {
    var limits = RateLimits()
    limits.sendsPerUser = Rate(perSecond: 1, burst: 2)
    limits.queriesPerUser = Rate(perSecond: 1, burst: 1)
    let rates = UserRates(limits)
    try rates.admit(.sends, of: alice, now: at(0))
    try rates.admit(.sends, of: alice, now: at(0))
    let error = #expect(throws: DaybookError.self) {
      try rates.admit(.sends, of: alice, now: at(0))
    }
    #expect(error?.code == .overloaded && error?.retryAfter == .milliseconds(1_000))
    try rates.admit(.queries, of: alice, now: at(0))
    #expect(throws: DaybookError.self) { try rates.admit(.queries, of: alice, now: at(0)) }
    try rates.admit(.sends, of: bob, now: at(0))
    try rates.admit(.sends, of: alice, now: at(1_000))
    rates.change(to: RateLimits())
    for _ in 0..<100 { try rates.admit(.sends, of: alice, now: at(1_000)) }
  }
}

@Suite("limits of a running gateway", .timeLimit(.minutes(30)))
struct GatewayLimitTests {
  @Test(
    "a user over the limit is refused for now, in order, and told when; a service is not limited")
  func sends() async throws {
    var options = GatewayOptions.patient
    options.rates.sendsPerUser = Rate(perSecond: 0.001, burst: 2)
    try await GatewayFixture.run(options) { fixture in
      let (client, _) = try await fixture.live("bob:phone")
      for number in 1...2 {
        let request = Requests.send("m", to: "user/alice", number: UInt64(number))
        #expect(try await client.ask(.send, request).type == .send.reply)
      }
      let frame = try await client.ask(.send, Requests.send("m", to: "user/alice", number: 3))
      let error = try Daybook_V1_ErrorReply(frameBody: frame.body)
      #expect(error.name == "overloaded" && error.temporary && error.retryAfterMs > 0)
      fixture.sessions.changeRates(to: RateLimits())
      // What was behind it does not overtake it.
      let fourth = Requests.send("m", to: "user/alice", number: 4)
      #expect(try await client.error(.send, fourth) == .overloaded)
      for number in 3...4 {
        let request = Requests.send("m", to: "user/alice", number: UInt64(number))
        #expect(try await client.ask(.send, request).type == .send.reply)
      }
    }
  }

  @Test("an address whose tokens keep failing is refused, listed for services, and let in by them")
  func addresses() async throws {
    var options = GatewayOptions.patient
    options.rates.failedTokensPerAddress = Rate(perSecond: 0.001, burst: 3)
    options.refusesLoopback = true
    try await GatewayFixture.runOverTCP(options) { fixture in
      let service = try await fixture.connect("service:operator")
      let bad = Daybook_V1_ConnectRequest.with { $0.token = "nobody" }
      for _ in 0..<4 {
        let client = try await fixture.open()
        #expect(try await client.error(.connect, bad) == .invalidToken)
      }
      let refused = try await fixture.open()
      let last = try await refused.until(.closing).last!
      let reason = try Daybook_V1_Closing(frameBody: last.body).error
      #expect(reason.name == "overloaded" && reason.retryAfterMs > 1_000)
      let frame = try await service.ask(
        .refusedAddresses, Daybook_V1_RefusedAddressesRequest())
      let list = try Daybook_V1_RefusedAddressesReply(frameBody: frame.body).addresses
      #expect(list.map(\.address) == ["127.0.0.1"] && list.first?.failures == 4)
      let lift = Daybook_V1_LiftRefusalRequest.with { $0.address = "127.0.0.1" }
      for isLifted in [true, false] {
        let frame = try await service.ask(.liftRefusal, lift)
        #expect(try Daybook_V1_LiftRefusalReply(frameBody: frame.body).lifted == isLifted)
      }
      _ = try await fixture.connect("bob:phone")
    }
  }

  @Test("only services may look at addresses, or let them in")
  func permissions() async throws {
    try await GatewayFixture.run { fixture in
      let client = try await fixture.connect("bob:phone")
      let lift = Daybook_V1_LiftRefusalRequest.with { $0.address = "127.0.0.1" }
      #expect(
        try await client.error(.refusedAddresses, Daybook_V1_RefusedAddressesRequest())
          == .notPermitted)
      #expect(try await client.error(.liftRefusal, lift) == .notPermitted)
    }
  }

  @Test("who sends too many bytes is not read from for a while, and loses nothing by it")
  func bytes() async throws {
    var options = GatewayOptions.patient
    options.rates.bytesPerConnection = Rate(perSecond: 40_000, burst: 4_000)
    try await GatewayFixture.runOverTCP(options) { fixture in
      let client = try await fixture.connect("bob:phone")
      let text = String(repeating: "x", count: 2_000)
      let start = ContinuousClock.now
      for number in 1...8 {
        try await client.say(.send, Requests.send(text, to: "user/alice", number: UInt64(number)))
      }
      var answers = 0
      while answers < 8 {
        if try await client.next().type == .send.reply { answers += 1 }
      }
      // 16 KB and more, of which 4 were there at once: it took 0.3 s, however busy the machine is.
      #expect(ContinuousClock.now - start > .milliseconds(250))
    }
  }
}
