import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Requests

/// A query, and the most that its limit may be.
struct LimitedQuery: Sendable, CustomTestStringConvertible {
  let type: FrameType
  let most: Int
  let requester: Requester
  let body: @Sendable (UInt32) -> any SwiftProtobuf.Message

  var testDescription: String { "\(type.rawValue)" }
}

@Suite("how much a query may ask for")
struct QueryLimitTests {
  private static let service = Requester(.service(ServiceID(checked: "s")))
  private static let user = Requester(
    .device(UserID(checked: "alice"), DeviceID(checked: "phone")))

  static let queries = [
    LimitedQuery(type: .history, most: Limits.historyPageMax, requester: user) { limit in
      Daybook_V1_HistoryRequest.with { ($0.conversation, $0.limit) = ("user/bob", limit) }
    },
    LimitedQuery(type: .unread, most: Limits.unreadPageMax, requester: user) { limit in
      Daybook_V1_UnreadRequest.with { $0.limit = limit }
    },
    LimitedQuery(type: .conversations, most: Limits.unreadPageMax, requester: user) { limit in
      Daybook_V1_ConversationsRequest.with { $0.limit = limit }
    },
    LimitedQuery(type: .overview, most: Limits.overviewPageMax, requester: user) { limit in
      Daybook_V1_OverviewRequest.with { $0.limit = limit }
    },
    LimitedQuery(type: .blocked, most: Limits.membersPageMax, requester: user) { limit in
      Daybook_V1_BlockedRequest.with { $0.limit = limit }
    },
    LimitedQuery(type: .members, most: Limits.membersPageMax, requester: user) { limit in
      Daybook_V1_MembersRequest.with { ($0.group, $0.limit) = ("g", limit) }
    },
    LimitedQuery(type: .receipts, most: Limits.receiptsPageMax, requester: user) { limit in
      Daybook_V1_ReceiptsRequest.with {
        ($0.conversation, $0.messageID, $0.limit) = ("group/g", 1, limit)
      }
    },
    LimitedQuery(type: .memberships, most: Limits.membershipsPageMax, requester: user) { limit in
      Daybook_V1_MembershipsRequest.with { ($0.group, $0.limit) = ("g", limit) }
    },
    LimitedQuery(type: .users, most: Limits.listPageMax, requester: service) { limit in
      Daybook_V1_UsersRequest.with { $0.limit = limit }
    },
    LimitedQuery(type: .groups, most: Limits.listPageMax, requester: service) { limit in
      Daybook_V1_GroupsRequest.with { $0.limit = limit }
    },
    LimitedQuery(type: .streams, most: Limits.listPageMax, requester: service) { limit in
      Daybook_V1_StreamsRequest.with { $0.limit = limit }
    },
  ]

  private func limit(of query: Query) -> Int? {
    switch query {
    case .history(_, _, let limit, _, _, _), .unread(_, _, let limit),
      .conversations(_, _, let limit), .blocked(_, _, let limit), .members(_, _, let limit),
      .receipts(_, _, _, let limit), .membershipsOfGroup(_, _, let limit, _),
      .membershipsOfUser(_, _, let limit), .users(_, let limit), .groups(_, let limit),
      .streams(_, let limit), .overview(_, _, let limit):
      limit
    case .fetch, .devices, .group, .user, .offline: nil
    }
  }

  @Test(
    "a limit of 0, and one past what a page has, are a page's, without a word",
    arguments: QueryLimitTests.queries)
  func clamped(_ asked: LimitedQuery) throws {
    for (stated, expected) in [
      (0, asked.most), (1, 1), (UInt32(asked.most), asked.most),
      (UInt32(asked.most) + 1, asked.most),
      (.max, asked.most),
    ] as [(UInt32, Int)] {
      let body = ByteBuffer(bytes: asked.body(stated).wireBytes())
      let request = try QueryRequests.parse(asked.type, body, by: asked.requester)
      #expect(limit(of: request.query) == expected, "\(stated)")
    }
  }
}
