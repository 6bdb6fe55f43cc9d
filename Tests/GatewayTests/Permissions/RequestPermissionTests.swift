import DaybookModel
import DaybookSchema
import Foundation
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// The tables of `schemas/permissions.md` whose first column is `request`: one a heading.
struct RequestTable {
  var columns: [String]
  var rows: [(label: String, cells: [String])]

  static func titled(_ title: String) throws -> RequestTable {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../schemas/permissions.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let section = try #require(
      text.components(separatedBy: "\n### ").first { $0.hasPrefix(title + "\n") }, "\(title)")
    let lines = section.split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    try #require(lines.count > 2 && lines[0][0] == "request")
    return RequestTable(
      columns: Array(lines[0].dropFirst()),
      rows: lines.dropFirst(2).map { ($0[0], Array($0.dropFirst())) })
  }
}

/// A row, and the request that it is about. Its label begins with the request's name.
private struct Row: Sendable {
  var label: String
  var type: FrameType
  var request: @Sendable (RequestWorld) -> any SwiftProtobuf.Message

  init(
    _ label: String, _ type: FrameType,
    _ request: @escaping @Sendable (RequestWorld) -> any SwiftProtobuf.Message
  ) {
    (self.label, self.type, self.request) = (label, type, request)
  }
}

@Suite("the tables of requests in schemas/permissions.md")
struct RequestPermissionTests {
  private static let service = Principal.service(ServiceID(checked: "service"))
  private static let serviceColumn = "service"

  private static func principal(_ column: String) -> Principal {
    column == serviceColumn
      ? service : .device(RequestWorld.user(column), DeviceID(checked: "phone"))
  }

  private static let ofGroup: [Row] = [
    Row("`fetch`", .fetch) { _ in
      Daybook_V1_FetchRequest.with { $0.stream = RequestWorld.group.text }
    },
    Row("`history`", .history) { _ in
      Daybook_V1_HistoryRequest.with { $0.conversation = RequestWorld.group.text }
    },
    Row("`receipts` of a message", .receipts) { world in
      Daybook_V1_ReceiptsRequest.with {
        $0.conversation = RequestWorld.group.text
        $0.messageID = world.inGroup.rawValue
      }
    },
    Row("`members`", .members) { _ in
      Daybook_V1_MembersRequest.with { $0.group = RequestWorld.group.id }
    },
    Row("`memberships`", .memberships) { _ in
      Daybook_V1_MembershipsRequest.with { $0.group = RequestWorld.group.id }
    },
    Row("`group`", .group) { _ in
      Daybook_V1_GroupRequest.with { $0.group = RequestWorld.group.id }
    },
    Row("`typing`", .typing) { _ in
      Daybook_V1_TypingRequest.with { $0.conversation = RequestWorld.group.text }
    },
    Row("`read`", .read) { _ in
      Daybook_V1_ReadRequest.with {
        $0.context = .with { ($0.origin, $0.number) = (Data([1]), 1) }
        ($0.conversation, $0.upToSeq) = (RequestWorld.group.text, 1)
      }
    },
  ]

  private static let ofUser: [Row] = [
    Row("`fetch` of the mailbox", .fetch) { _ in
      Daybook_V1_FetchRequest.with { $0.stream = "user/owner" }
    },
    Row("`history` of the conversation with the user", .history) { _ in
      Daybook_V1_HistoryRequest.with { $0.conversation = "user/owner" }
    },
    Row("`receipts` of the user's last message to the peer", .receipts) { world in
      Daybook_V1_ReceiptsRequest.with {
        ($0.conversation, $0.messageID) = ("user/owner", world.direct.rawValue)
      }
    },
    Row("`online`", .online) { _ in Daybook_V1_OnlineRequest.with { $0.users = ["owner"] } },
    Row("`typing`", .typing) { _ in
      Daybook_V1_TypingRequest.with { $0.conversation = "user/owner" }
    },
  ]

  private static let ofOneself: [Row] = [
    Row("`unread`", .unread) { _ in Daybook_V1_UnreadRequest() },
    Row("`conversations`", .conversations) { _ in Daybook_V1_ConversationsRequest() },
    Row("`overview`", .overview) { _ in Daybook_V1_OverviewRequest() },
    Row("`blocked`", .blocked) { _ in Daybook_V1_BlockedRequest() },
    Row("`devices`", .devices) { _ in Daybook_V1_DevicesRequest() },
    Row("`user`", .user) { _ in Daybook_V1_UserRequest() },
    Row("`memberships`", .memberships) { _ in Daybook_V1_MembershipsRequest() },
    Row("`offline`", .offline) { _ in Daybook_V1_OfflineRequest.with { $0.device = "phone" } },
    Row("`next number` of own commands", .nextNumber) { _ in
      Daybook_V1_NextNumberRequest.with { ($0.origin, $0.stream) = (Data([1]), "user/peer") }
    },
    Row("`ack`", .ack) { _ in
      Daybook_V1_AckRequest.with { ($0.stream, $0.upToSeq) = ("user/owner", 1) }
    },
  ]

  private static let ofNamed: [Row] = [
    Row("`history` of a conversation of the user", .history) { _ in
      Daybook_V1_HistoryRequest.with { ($0.conversation, $0.user) = ("user/peer", "owner") }
    },
    Row("`receipts` of a message of the user", .receipts) { world in
      Daybook_V1_ReceiptsRequest.with {
        ($0.conversation, $0.user) = ("user/peer", "owner")
        $0.messageID = world.direct.rawValue
      }
    },
    Row("`unread`", .unread) { _ in Daybook_V1_UnreadRequest.with { $0.user = "owner" } },
    Row("`conversations`", .conversations) { _ in
      Daybook_V1_ConversationsRequest.with { $0.user = "owner" }
    },
    Row("`blocked`", .blocked) { _ in Daybook_V1_BlockedRequest.with { $0.user = "owner" } },
    Row("`user`", .user) { _ in Daybook_V1_UserRequest.with { $0.user = "owner" } },
    Row("`memberships`", .memberships) { _ in
      Daybook_V1_MembershipsRequest.with { $0.user = "owner" }
    },
    Row("`offline`", .offline) { _ in
      Daybook_V1_OfflineRequest.with { ($0.user, $0.device) = ("owner", "phone") }
    },
    Row("`next number` of commands for the user", .nextNumber) { _ in
      Daybook_V1_NextNumberRequest.with {
        ($0.origin, $0.stream, $0.user) = (Data([1]), "user/peer", "owner")
      }
    },
  ]

  private static let ofAll: [Row] = [
    Row("`users`", .users) { _ in Daybook_V1_UsersRequest() },
    Row("`groups`", .groups) { _ in Daybook_V1_GroupsRequest() },
    Row("`streams`", .streams) { _ in Daybook_V1_StreamsRequest() },
  ]

  /// Each asker in a world of its own, for a connection logs something too.
  private func check(
    _ table: RequestTable, _ rows: [Row], isDissolved: Bool = false
  ) async throws {
    #expect(table.rows.map(\.label) == rows.map(\.label))
    for (row, written) in zip(rows, table.rows) {
      for (column, cell) in zip(table.columns, written.cells) {
        let world = RequestWorld(isDissolved: isDissolved)
        let session = RequestSession(Self.principal(column), in: world)
        let other = column == "owner" ? "admin" : "owner"
        let seenBy = RequestSession(Self.principal(other), in: world)
        let outcome = await session.outcome(of: row.type, row.request(world), seenBy: seenBy)
        #expect(outcome == cell, "\(row.label), \(column)")
      }
    }
  }

  @Test(
    "say of a group what is answered, in every cell",
    arguments: [("Requests about a group", false), ("Requests about a dissolved group", true)])
  func group(_ title: String, isDissolved: Bool) async throws {
    let table = try RequestTable.titled(title)
    #expect(table.columns == RequestWorld.columns + [Self.serviceColumn])
    try await check(table, Self.ofGroup, isDissolved: isDissolved)
  }

  @Test("say of a user what is answered, in every cell")
  func user() async throws {
    let table = try RequestTable.titled("Requests about a user")
    #expect(table.columns == ["owner", "peer", "blocked", "stranger", Self.serviceColumn])
    try await check(table, Self.ofUser)
  }

  @Test("say of one's own mailbox what is answered, in every cell")
  func oneself() async throws {
    let table = try RequestTable.titled("Requests about oneself")
    #expect(table.columns == ["owner", Self.serviceColumn])
    try await check(table, Self.ofOneself)
  }

  @Test("say of a user by name what is answered, in every cell")
  func named() async throws {
    let table = try RequestTable.titled("Requests about a user by name")
    #expect(table.columns == ["owner", "another", Self.serviceColumn])
    try await check(table, Self.ofNamed)
  }

  @Test("say of all that there is what is answered, in every cell")
  func all() async throws {
    let table = try RequestTable.titled("Requests about all that there is")
    #expect(table.columns == ["device", Self.serviceColumn])
    try await check(table, Self.ofAll)
  }

  @Test("have a row for each query, and for what is neither query nor command")
  func complete() {
    let types = (Self.ofGroup + Self.ofUser + Self.ofOneself + Self.ofNamed + Self.ofAll).map(
      \.type)
    #expect(Set(types) == FrameType.queries.union([.fetch, .typing, .ack, .read]))
  }
}
