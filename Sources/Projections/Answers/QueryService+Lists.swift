package import DaybookModel
package import Ports

/// Lists of all that there is.
extension QueryService {
  package func users(
    after: UserID?, limit: Int
  ) async throws(DaybookError) -> [UserSummary] {
    let reader = try await reader(.directory, covering: heads)
    return try await work.run { () throws(DaybookError) in
      try UserQuery.list(after: after, limit: max(limit, 0), in: reader)
    }
  }

  package func groups(
    after: GroupID?, limit: Int
  ) async throws(DaybookError) -> [GroupSummary] {
    let reader = try await reader(.directory, covering: heads)
    return try await work.run { () throws(DaybookError) in
      try DirectoryQuery.list(after: after, limit: max(limit, 0), in: reader)
    }
  }

  package func streams(
    after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> [StreamSummary] {
    let reader = try await reader(.offline, covering: heads)
    let heads = try await work.run { () throws(DaybookError) in
      try OfflineQuery.streams(after: after, limit: max(limit, 0), in: reader)
    }
    return heads.map { stream, head in
      StreamSummary(
        stream: stream, partition: stream.partition(of: log.partitionCount), head: head)
    }
  }
}
