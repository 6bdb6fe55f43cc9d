package import DaybookModel
package import Ports

/// What is known of groups, and of who has read what.
extension QueryService {
  package func members(
    of group: GroupID, after: UserID?, limit: Int
  ) async throws(DaybookError) -> [GroupMember] {
    let reader = try await reader(.directory, covering: .group(group))
    return try await work.run { () throws(DaybookError) in
      try DirectoryQuery.members(of: group, after: after, limit: max(limit, 0), in: reader)
    }
  }

  /// Throws `group_not_found`, `projection_behind`.
  package func groupDetails(_ group: GroupID) async throws(DaybookError) -> GroupDetails {
    let reader = try await reader(.directory, covering: .group(group))
    return try await work.run { () throws(DaybookError) in
      try DirectoryQuery.details(of: group, in: reader)
    }
  }

  /// Everyone who is a member, or was, in order of their ids' bytes, after `after`.
  package func memberships(
    of group: GroupID, after: UserID?, limit: Int
  ) async throws(DaybookError) -> [MembershipDetails] {
    let reader = try await reader(.directory, covering: .group(group))
    return try await work.run { () throws(DaybookError) in
      try DirectoryQuery.memberships(of: group, after: after, limit: max(limit, 0), in: reader)
    }
  }

  package func receipt(
    ofWithheld id: MessageID, by author: UserID, in mailbox: UserID
  ) async throws(DaybookError) -> Receipt {
    let reader = try await reader(.receipts, covering: .user(mailbox))
    return try await work.run { () throws(DaybookError) in
      try ReceiptsQuery.receipt(ofWithheld: id, by: author, in: mailbox, reader)
    }
  }

  package func receipts(
    of stream: StreamKey, seq: Seq, author: UserID, stated: StatedReceipts, after: UserID?,
    limit: Int
  ) async throws(DaybookError) -> ReceiptPage {
    let reader = try await reader(.receipts, covering: stream)
    let page = ReceiptsQuery.Page(
      seq: seq, author: author, after: after, limit: max(0, min(limit, Limits.receiptsPageMax)))
    let membersMax = receiptsMembersMax
    return try await work.run { () throws(DaybookError) in
      switch stream.kind {
      case .user: try ReceiptsQuery.receipts(ofMailbox: stream, page, in: reader)
      case .group:
        try ReceiptsQuery.receipts(
          ofGroup: stream, page, stated: stated, membersMax: membersMax, in: reader)
      }
    }
  }
}
