export { gemm, pack, packPairs, packTransposed } from './gemm';
export { backward, forwardFloat, forwardInt16, forwardLevel3 } from './cell';
export { addBias, requantizeRows, softmax } from './head';
export {
  adam, codeInt8, columnSums, gather, projectRows, rowDots, rowStatistics, scatterAdd, sumSquares,
  ternarize,
} from './weights';
