import DaybookModel
import DaybookSchema
import GRPCCore
import LogRPC
import Ports

/// `Log` of `service.proto`.
struct LogDescription: Daybook_V1_Log.ServiceProtocol {
  let log: any LogFeed
  let callers: Callers

  func describe(
    request: ServerRequest<Daybook_V1_DescribeRequest>, context: ServerContext
  ) async throws -> ServerResponse<Daybook_V1_DescribeReply> {
    _ = try await callers.caller(request.metadata)
    var reply = Daybook_V1_DescribeReply()
    reply.logID = log.logID
    reply.branchID = log.branchID
    reply.epoch = UInt64(log.epoch.rawValue)
    reply.partitions = (0..<log.partitionCount).map { index in
      let partition = PartitionID(index)
      var extent = Daybook_V1_PartitionExtent()
      extent.partition = UInt32(index)
      extent.startOffset = UInt64(log.startOffset(of: partition).rawValue)
      extent.headOffset = UInt64(log.highWatermark(of: partition).rawValue)
      return extent
    }
    return ServerResponse(message: reply)
  }
}
