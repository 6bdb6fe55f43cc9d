import DaybookModel
import DaybookSchema
import Ports
import SwiftProtobuf
import WireProtocol

/// Asks the read side what an operator wants to know of users, groups and streams.
struct InspectionAnswers {
  private let inspection: any Inspection

  init(_ inspection: any Inspection) { self.inspection = inspection }

  func user(_ user: UserID, after: DeviceID?) async throws(DaybookError) -> Daybook_V1_UserReply {
    let details = try await inspection.userDetails(user)
    let rest = details.devices.filter { device in after.map { device.device > $0 } ?? true }
    return .with {
      $0.user = user.text
      $0.firstSeenMs = details.firstSeen.milliseconds
      $0.lastSeenMs = details.lastSeen.milliseconds
      $0.devices = rest.prefix(Limits.listPageMax).map { device in
        .with {
          $0.device = device.device.text
          $0.cursor = device.cursor.rawValue
          $0.addedMs = device.added.milliseconds
          $0.sessionOpenedMs = device.sessionOpened.milliseconds
          $0.sessionClosedMs = device.sessionClosed.milliseconds
          $0.sessions = device.sessions
          $0.open = device.isOpen
          $0.client = device.client
          $0.forgotten = device.isForgotten
          $0.deviceClass = device.deviceClass
        }
      }
      $0.more = rest.count > Limits.listPageMax
      if after == nil { $0.revocations = details.revocations.map { Daybook_V1_Revocation($0) } }
    }
  }

  func memberships(
    of group: GroupID, after: UserID?, limit: Int, seesAll: Bool
  ) async throws(DaybookError) -> Daybook_V1_MembershipsReply {
    var after = after
    while true {
      // One more than asked for tells whether there are more, here and below.
      let found = try await inspection.memberships(of: group, after: after, limit: limit + 1)
      var reply = InspectionAnswers.page(found, limit: limit) { seesAll ? $0 : $0.withoutStays }
      guard !seesAll, let last = reply.memberships.last else { return reply }
      after = UserID(checked: last.user)
      reply.memberships.removeAll { !$0.member }
      // A page that shows nothing says nothing of where to go on.
      if !reply.memberships.isEmpty || !reply.more { return reply }
    }
  }

  func memberships(
    of user: UserID, after: GroupID?, limit: Int
  ) async throws(DaybookError) -> Daybook_V1_MembershipsReply {
    let all = try await inspection.userDetails(user).groups
    let rest = all.filter { one in after.map { one.group > $0 } ?? true }
    return InspectionAnswers.page(Array(rest.prefix(limit + 1)), limit: limit) { $0 }
  }

  /// Cut to what a page holds: somebody may have come and gone a thousand times.
  private static func page(
    _ found: [MembershipDetails], limit: Int, shown: (MembershipDetails) -> MembershipDetails
  ) -> Daybook_V1_MembershipsReply {
    var reply = Daybook_V1_MembershipsReply()
    var bytes = 0
    for one in found.prefix(limit) {
      let record = Daybook_V1_MembershipRecord(shown(one))
      bytes += record.wireBytes().count
      if bytes > Limits.pageBytesMax, !reply.memberships.isEmpty { break }
      reply.memberships.append(record)
    }
    reply.more = reply.memberships.count < found.count
    return reply
  }

  func offline(
    _ user: UserID, _ device: DeviceID, after: StreamKey?
  ) async throws(DaybookError) -> Daybook_V1_OfflineReply {
    let all = try await inspection.offline(user: user, device: device)
    let start = after.map { last in (all.firstIndex { $0.stream == last } ?? -1) + 1 } ?? 0
    let page = all[start...].prefix(Limits.listPageMax)
    return .with {
      $0.streams = page.map { one in
        .with {
          $0.stream = one.stream.text
          $0.headSeq = one.head.rawValue
          $0.cursor = one.cursor.rawValue
          $0.pending = one.pending
        }
      }
      $0.more = page.endIndex < all.endIndex
    }
  }

  func users(after: UserID?, limit: Int) async throws(DaybookError) -> Daybook_V1_UsersReply {
    let found = try await inspection.users(after: after, limit: limit + 1)
    return .with {
      $0.users = found.prefix(limit).map { user in
        .with {
          $0.user = user.user.text
          $0.firstSeenMs = user.firstSeen.milliseconds
          $0.lastSeenMs = user.lastSeen.milliseconds
          $0.devices = user.devices
        }
      }
      $0.more = found.count > limit
    }
  }

  func groups(after: GroupID?, limit: Int) async throws(DaybookError) -> Daybook_V1_GroupsReply {
    let found = try await inspection.groups(after: after, limit: limit + 1)
    return .with {
      $0.groups = found.prefix(limit).map { group in
        .with {
          $0.group = group.group.text
          $0.title = group.title
          $0.joinPolicy = group.joinPolicy.wire
          $0.members = group.members
          $0.createdAtMs = group.createdAt.milliseconds
          $0.dissolvedAtMs = group.dissolvedAt.milliseconds
        }
      }
      $0.more = found.count > limit
    }
  }

  func streams(
    after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> Daybook_V1_StreamsReply {
    let found = try await inspection.streams(after: after, limit: limit + 1)
    return .with {
      $0.streams = found.prefix(limit).map { one in
        .with {
          $0.stream = one.stream.text
          $0.partition = UInt32(one.partition.rawValue)
          $0.headSeq = one.head.rawValue
        }
      }
      $0.more = found.count > limit
    }
  }
}

extension Daybook_V1_Revocation {
  fileprivate init(_ revoked: Revocation) {
    self = .with {
      $0.device = revoked.device?.text ?? ""
      $0.tokenID = revoked.tokenID
      $0.issuedUntilMs = revoked.issuedUntil.milliseconds
      $0.ofService = revoked.isOfService
    }
  }
}

extension MembershipDetails {
  fileprivate var withoutStays: MembershipDetails {
    MembershipDetails(
      group: group, user: user, role: role, isSilenced: isSilenced, stays: [])
  }
}

extension Daybook_V1_MembershipRecord {
  fileprivate init(_ one: MembershipDetails) {
    self = .with {
      $0.group = one.group.text
      $0.user = one.user.text
      $0.member = one.role != nil
      $0.role = (one.role ?? .member).wire
      $0.silenced = one.isSilenced
      $0.stays = one.stays.map { stay in
        .with {
          $0.fromSeq = stay.seqs.first.rawValue
          $0.toSeq = stay.seqs.last?.rawValue ?? 0
          $0.fromMs = stay.began.milliseconds
          $0.toMs = stay.ended.milliseconds
        }
      }
    }
  }
}
