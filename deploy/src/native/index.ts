export { buildEpoll, compilers } from './build-epoll.ts';
