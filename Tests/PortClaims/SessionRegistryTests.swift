import DaybookModel
import Doubles
import NIOCore
import Ports
import Testing

@testable import Gateway

/// Every registry of sessions.
enum RegistryKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case local

  var testDescription: String { rawValue }

  func make() -> any SessionRegistry {
    switch self {
    case .local: LocalSessions()
    }
  }
}

@Suite("every session registry")
struct SessionRegistryTests {
  private let alice = UserID(checked: "alice")
  private let bob = UserID(checked: "bob")
  private let carol = UserID(checked: "carol")
  private let phone = DeviceID(checked: "phone")
  private let laptop = DeviceID(checked: "laptop")
  private let one = RecordingHome()
  private let other = RecordingHome()
  private let now = Timestamp(milliseconds: 5)

  private func session(_ number: UInt64, in home: RecordingHome) -> SessionHandle {
    SessionHandle(number: number, home: home)
  }

  /// In words, with whom they were told to.
  private func told(_ home: RecordingHome) -> [String] {
    home.takeHops().map { hop in
      let news =
        switch hop.news {
        case .replaced: "replaced"
        case .displaced(let other): "displaced by \(other.device)"
        case .presence(let presence):
          "\(presence.user): \(presence.devices.map(\.text)) \(presence.lastSeen.milliseconds)"
        case .watchEnded(let user): "no more of \(user)"
        case .typing(let user, let stream): "\(user) types in \(stream)"
        case .transient(_, let stream): "something in \(stream)"
        }
      guard let stream = hop.followed else { return "\(news) to \(hop.sessions)" }
      return "\(news) to \(stream) but \(hop.excepted.map { "\($0)" } ?? "nobody")"
    }
  }

  @Test(
    "a device has one session: the former is told, and its end ends nothing",
    arguments: RegistryKind.allCases)
  func devices(_ kind: RegistryKind) {
    let registry = kind.make()
    let (first, second) = (session(1, in: one), session(2, in: other))
    registry.register(first, of: ConnectingDevice(alice, phone), under: .any)
    registry.register(second, of: ConnectingDevice(alice, phone), under: .any)
    registry.register(session(3, in: one), of: ConnectingDevice(alice, laptop), under: .any)
    #expect(told(one) == ["replaced to [1]"])
    registry.unregister(first, of: alice, phone, at: now)
    #expect(
      registry.presence(of: [bob, alice])
        == [UserPresence(user: bob), UserPresence(user: alice, devices: [laptop, phone])])
    registry.unregister(second, of: alice, phone, at: now)
    #expect(registry.presence(of: [alice]) == [UserPresence(user: alice, devices: [laptop])])
    #expect(told(other).isEmpty)
  }

  private static let policies: [(DevicePolicy, stays: [String], displaced: [UInt64])] = [
    (.any, ["desktop", "other", "phone", "tablet"], []),
    (.oneOfEachClass, ["desktop", "other", "tablet"], [1]),
    (.one, ["tablet"], [1, 2, 3]),
  ]

  @Test(
    "who connects displaces those that the policy lets it displace, and these end nothing any more",
    arguments: RegistryKind.allCases, policies)
  private func displaced(
    _ kind: RegistryKind, _ row: (DevicePolicy, stays: [String], displaced: [UInt64])
  ) {
    let (policy, stays, displaced) = row
    let registry = kind.make()
    let mobile = DeviceClass(checked: "mobile")
    let before: [(String, DeviceClass?)] = [
      ("phone", mobile), ("desktop", DeviceClass(checked: "desk")), ("other", nil),
    ]
    for (index, (name, deviceClass)) in before.enumerated() {
      registry.register(
        session(UInt64(index + 1), in: one),
        of: ConnectingDevice(alice, DeviceID(checked: name), deviceClass: deviceClass), under: .any)
    }
    // Another user's are no matter.
    registry.register(
      session(8, in: one), of: ConnectingDevice(bob, phone, deviceClass: mobile), under: policy)
    let tablet = ConnectingDevice(alice, DeviceID(checked: "tablet"), deviceClass: mobile)
    registry.register(session(9, in: other), of: tablet, under: policy)
    #expect(
      told(one) == (displaced.isEmpty ? [] : ["displaced by tablet to \(displaced)"]))
    #expect(registry.presence(of: [alice]).first?.devices.map(\.text) == stays)
    for number in displaced {
      registry.unregister(session(number, in: one), of: alice, phone, at: now)
    }
    #expect(registry.presence(of: [alice]).first?.devices.map(\.text) == stays)
    registry.register(session(10, in: one), of: tablet, under: policy)
    #expect(told(other) == ["replaced to [9]"])
  }

  @Test(
    "those that name no class are one class, and who watches hears of it once",
    arguments: RegistryKind.allCases)
  func classless(_ kind: RegistryKind) {
    let registry = kind.make()
    registry.register(
      session(1, in: one), of: ConnectingDevice(alice, phone), under: .oneOfEachClass)
    let watcher = session(7, in: other)
    registry.propose([alice], watchedBy: watcher, of: bob)
    _ = registry.watch([alice], by: watcher)
    registry.register(
      session(2, in: one), of: ConnectingDevice(alice, laptop), under: .oneOfEachClass)
    #expect(told(one) == ["displaced by laptop to [1]"])
    #expect(told(other) == [#"alice: ["laptop"] 0 to [7]"#])
  }

  @Test(
    "of many that connect at the same moment exactly one stays, and each other is told",
    arguments: RegistryKind.allCases)
  func together(_ kind: RegistryKind) async {
    let registry = kind.make()
    await withTaskGroup { group in
      for number in 1...32 as ClosedRange<UInt64> {
        group.addTask { [one, alice] in
          registry.register(
            SessionHandle(number: number, home: one),
            of: ConnectingDevice(alice, DeviceID(checked: "d\(number)")), under: .one)
        }
      }
    }
    let displaced = one.takeHops().flatMap(\.sessions)
    #expect(displaced.count == 31 && Set(displaced).count == 31)
    let left = Set(1...32 as ClosedRange<UInt64>).subtracting(displaced)
    #expect(registry.presence(of: [alice]).first?.devices.map(\.text) == left.map { "d\($0)" })
  }

  @Test(
    "a session that hides is in nobody's presence, and is told all the same",
    arguments: RegistryKind.allCases)
  func hidden(_ kind: RegistryKind) {
    let registry = kind.make()
    let watcher = session(1, in: one)
    registry.propose([alice], watchedBy: watcher, of: bob)
    _ = registry.watch([alice], by: watcher)
    let (first, second, third) = (
      session(2, in: other), session(3, in: other), session(4, in: other)
    )
    registry.hide(first, of: alice)
    registry.register(first, of: ConnectingDevice(alice, phone), under: .any)
    #expect(registry.presence(of: [alice]) == [UserPresence(user: alice)])
    registry.tell(.typing(bob, in: .user(alice)), to: [alice], except: nil)
    #expect(told(other) == ["bob types in user/alice to [2]"])
    // The device comes again and does not hide; then it does.
    registry.register(second, of: ConnectingDevice(alice, phone), under: .any)
    registry.hide(third, of: alice)
    registry.register(third, of: ConnectingDevice(alice, phone), under: .any)
    registry.unregister(third, of: alice, phone, at: now)
    #expect(told(one) == [#"alice: ["phone"] 0 to [1]"#, "alice: [] 0 to [1]"])
    #expect(told(other) == ["replaced to [2]", "replaced to [3]"])
  }

  @Test(
    "who watches hears of each change, in order, all of one home at once",
    arguments: RegistryKind.allCases)
  func watching(_ kind: RegistryKind) {
    let registry = kind.make()
    let watchers = [session(1, in: one), session(2, in: one), session(3, in: other)]
    for watcher in watchers {
      registry.propose([alice], watchedBy: watcher, of: bob)
      #expect(registry.watch([alice], by: watcher) == [UserPresence(user: alice)])
    }
    // Proposed alone, or not even that, is not watched.
    registry.propose([alice], watchedBy: session(4, in: other), of: carol)
    #expect(registry.watch([alice], by: session(5, in: other)).isEmpty)
    let alices = session(9, in: one)
    registry.register(alices, of: ConnectingDevice(alice, phone), under: .any)
    registry.unregister(alices, of: alice, phone, at: now)
    registry.unwatch([alice], by: watchers[0])
    registry.register(alices, of: ConnectingDevice(alice, laptop), under: .any)
    #expect(
      told(one) == [
        #"alice: ["phone"] 0 to [1, 2]"#, "alice: [] 5 to [1, 2]", #"alice: ["laptop"] 0 to [2]"#,
      ])
    #expect(
      told(other) == [
        #"alice: ["phone"] 0 to [3]"#, "alice: [] 5 to [3]", #"alice: ["laptop"] 0 to [3]"#,
      ])
  }

  @Test(
    "a block ends what the blocked one watches, also what is only proposed",
    arguments: RegistryKind.allCases)
  func blocks(_ kind: RegistryKind) {
    let registry = kind.make()
    let (bobs, carols) = (session(1, in: one), session(2, in: one))
    for (watcher, user) in [(bobs, bob), (carols, carol)] {
      registry.propose([alice], watchedBy: watcher, of: user)
    }
    _ = registry.watch([alice], by: carols)
    registry.blocked(bob, by: alice)
    #expect(registry.watch([alice], by: bobs).isEmpty)
    registry.blocked(carol, by: alice)
    #expect(told(one) == ["no more of alice to [2]"])
    registry.register(session(3, in: one), of: ConnectingDevice(alice, phone), under: .any)
    #expect(told(one).isEmpty)
  }

  @Test(
    "where blocks may have been missed, nobody watches who needs leave for it",
    arguments: RegistryKind.allCases)
  func interrupted(_ kind: RegistryKind) {
    let registry = kind.make()
    let (bobs, own, service) = (session(1, in: one), session(2, in: one), session(3, in: one))
    for (watcher, user) in [(bobs, bob), (own, alice), (service, nil)] as [(SessionHandle, UserID?)]
    {
      registry.propose([alice, carol], watchedBy: watcher, of: user)
      _ = registry.watch([alice, carol], by: watcher)
    }
    registry.endWatches { $0 == UserID(checked: "alice") }
    #expect(told(one) == ["no more of alice to [1]"])
    registry.register(session(9, in: other), of: ConnectingDevice(alice, phone), under: .any)
    registry.register(session(8, in: other), of: ConnectingDevice(carol, phone), under: .any)
    #expect(
      told(one) == [#"alice: ["phone"] 0 to [2, 3]"#, #"carol: ["phone"] 0 to [1, 2, 3]"#])
  }

  @Test(
    "news go to all of a user's devices, or to a stream's followers in every home, but to one",
    arguments: RegistryKind.allCases)
  func news(_ kind: RegistryKind) {
    let registry = kind.make()
    registry.add(one)
    registry.add(other)
    let group = StreamKey.group(GroupID(checked: "g"))
    let (first, second) = (session(1, in: one), session(2, in: other))
    registry.register(first, of: ConnectingDevice(alice, phone), under: .any)
    registry.register(second, of: ConnectingDevice(alice, laptop), under: .any)
    registry.register(session(3, in: one), of: ConnectingDevice(bob, phone), under: .any)
    registry.tell(.typing(carol, in: .user(alice)), to: [alice, bob], except: second)
    registry.tell(.transient(ByteBuffer(), in: group), followersOf: group, except: first)
    #expect(
      told(one) == ["carol types in user/alice to [1, 3]", "something in group/g to group/g but 1"])
    #expect(told(other) == ["something in group/g to group/g but 1"])
  }
}
