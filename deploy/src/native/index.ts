export { type NativeArch, buildEpoll, compilers } from './build-epoll.ts';
