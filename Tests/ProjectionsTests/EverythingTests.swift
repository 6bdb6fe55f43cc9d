import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports
import Testing

@testable import Projections

/// After any sequence of commands, what the projections answer is what a model computes afresh.
/// One at a time, so that other tests are not kept waiting.
@Suite(.serialized) struct EverythingTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)
  private let clock = SettableClock()
  private let queries: QueryService

  init() throws {
    folder = try TemporaryFolder()
    queries = makeQueries(log, folder, clock: clock)
  }

  @Test(
    "after every step each answer that it concerns, and in the end all, equal a model's",
    arguments: [UInt64](1...4))
  func equalsReference(seed: UInt64) async throws {
    let engine = try makeEngine(log, folder)
    var scenario = Scenario(seed: seed, partitions: 3)
    var model = ReferenceModel()
    for index in 0..<200 {
      let step = index == 0 ? scenario.opening() : scenario.step()
      if step.isEmpty { continue }
      model.append(step)
      log.append(step)
      clock.set(Timestamp(milliseconds: scenario.now))
      try engine.catchUp()
      for stream in Set(step.map(\.stream)) { try await compare(stream, model, scenario) }
      for event in step { try await compare(messagesOf: event, model) }
    }
    for stream in model.allStreams {
      try await compare(stream, model, scenario)
      try await compare(eventsOf: stream, model)
      for event in model.inStream(stream) {
        if event.kind == .messageSent { try await compare(receiptsOf: event, model) }
        guard event.kind == .messageWithheld, let mailbox = stream.userID else { continue }
        let receipt = try await queries.receipt(
          ofWithheld: event.messageID, by: event.actor.user!, in: mailbox)
        #expect(receipt == model.receipt(ofWithheld: event))
        let found = try await queries.withheld(event.messageID, from: mailbox)
        #expect(found?.bytes == EventEncoding.encode(event))
      }
    }
    #expect(try hashesOfRebuild(log) == (try stateHashes(log, folder)))
    #expect(
      try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).verify().allSatisfy(
        \.isOK))
    engine.close()
  }

  private func compare(
    _ stream: StreamKey, _ model: ReferenceModel, _ scenario: Scenario
  ) async throws {
    if let user = stream.userID {
      try await compare(user, model, scenario)
    } else if let group = stream.groupID {
      try await compare(group, model)
      // What happens in a group concerns everyone.
      for user in scenario.users {
        #expect(try await queries.unread(of: user) == model.unread(of: user))
      }
    }
  }

  private func name(_ count: UnreadCount) -> UserID {
    // As ids are ordered: by bytes.
    UserID(checked: count.conversation.description)
  }

  /// Asked for in pages of two, each of which states what all come to.
  private func unreadInPages(of user: UserID) async throws -> [UnreadCount] {
    var all: [UnreadCount] = []
    var pages: [UnreadPage] = []
    repeat {
      let after = all.last.flatMap { StreamKey(checked: $0.conversation.description) }
      pages.append(try await queries.unreadPage(of: user, after: after, limit: 2))
      all += pages.last!.conversations
    } while pages.last!.more
    for page in pages {
      #expect(page.total == all.reduce(0) { $0 + ($1.isQuiet ? 0 : $1.unread) })
      #expect(page.quietTotal == all.reduce(0) { $0 + ($1.isQuiet ? $1.unread : 0) })
      #expect(page.mentionsTotal == all.reduce(0) { $0 + $1.mentions })
    }
    return all
  }

  private func compare(
    _ user: UserID, _ model: ReferenceModel, _ scenario: Scenario
  ) async throws {
    let unread = model.unread(of: user)
    #expect(try await queries.unread(of: user) == unread)
    #expect(try await unreadInPages(of: user) == unread.sorted { name($0) < name($1) })
    #expect(try await queries.marks(of: user, after: nil, limit: 100) == model.marks(of: user))
    #expect(try await queries.blocked(by: user, after: nil, limit: 100) == model.blocked(by: user))
    let devices = model.devices(of: user).filter { !$0.isForgotten }
    #expect(try await queries.devices(of: user) == devices.map(\.profile))
    #expect(try await queries.lastSeen(of: [user]) == [model.lastSeen(of: user)])
    #expect(try await queries.userDetails(user) == model.details(of: user))
    for device in scenario.devices {
      if let expected = model.offline(user, device) {
        #expect(try await queries.offline(user: user, device: device) == expected)
      } else {
        await #expect(throws: DaybookError.self) {
          try await queries.offline(user: user, device: device)
        }
      }
    }
  }

  private func compare(_ group: GroupID, _ model: ReferenceModel) async throws {
    let expected = model.group(group)
    #expect(try await queries.members(of: group, after: nil, limit: 100) == expected.members)
    #expect(try await queries.groupDetails(group) == expected.details)
    #expect(try await queries.groupDetails(group).profile == expected.details.profile)
    #expect(
      try await queries.memberships(of: group, after: nil, limit: 100) == expected.memberships)
    let messages = model.messages(of: ConversationKey(group: group))
    for message in messages.suffix(3) { try await compare(receiptsOf: message, model) }
  }

  private func compare(receiptsOf message: Event, _ model: ReferenceModel) async throws {
    let page = try await queries.receipts(
      of: message.stream, seq: message.seq, author: message.actor.user!, stated: .unstated,
      after: nil, limit: 100)
    #expect(page == model.receipts(of: message))
  }

  /// The conversation that an event belongs to, and the message that it is about.
  private func compare(messagesOf event: Event, _ model: ReferenceModel) async throws {
    let messages = model.inStream(event.stream).filter { $0.conversation != nil }
    let message = messages.first { $0.messageID == event.messageID }
    guard let message, let conversation = message.conversation else { return }
    let now = clock.now()
    let reader = UserID(checked: "ann")
    let page = try await queries.history(
      of: conversation, before: nil, limit: 20, bytesMax: .max, visible: nil, through: nil,
      reader: reader)
    let expected = Array(model.messages(of: conversation).suffix(20))
    let shown = expected.map { model.shown($0, at: now) }
    #expect(page.messages.map(\.bytes) == shown.map(EventEncoding.encode))
    #expect(page.amendments == model.amendments(of: expected, at: now, for: reader))
    let found = try await queries.message(message.messageID, in: conversation)
    #expect(found?.bytes == EventEncoding.encode(model.shown(message, at: now)))
    #expect(found?.seq == message.seq)
  }

  private func compare(eventsOf stream: StreamKey, _ model: ReferenceModel) async throws {
    let found = try await queries.events(
      of: stream, from: Seq(1), through: Seq(10_000), limit: 10_000, bytesMax: .max)
    let events = model.inStream(stream).filter { $0.seq > .none }
    let shown = events.map { model.shown($0, at: clock.now()) }
    #expect(found.map(\.bytes) == shown.map(EventEncoding.encode))
  }
}
